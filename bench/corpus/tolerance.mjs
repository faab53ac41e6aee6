// What an error may be. Between two computations in float32 a ReLU or a maximum near its kink may fall to either side, which
// changes the gradient of that image by a hundredth and says nothing of either: errors are kept for each image, and the
// gradient is judged by the lower middle one. An operator that is wrong is wrong for all.

export function middle(errors) {
  return [...errors].sort((a, b) => a - b)[(errors.length - 1) >> 1];
}

function allowed(own) {
  return Math.max(1e-4, 2 * own);
}

/** Rounding to 8 bits: an activation that falls to the next step moves a logit by a hundredth, and there are many. */
const QUANTISED = 0.1;

export function logitsPass({ logits, torch, quantised }) {
  if (quantised) return Math.max(...logits) <= QUANTISED;
  return Math.max(...logits) <= allowed(Math.max(...torch.logits));
}

export function gradientPasses({ gradient, torch, quantised }) {
  // Rounding has no gradient to compare with; what is passed straight through must be something.
  if (quantised) return gradient.every((size) => size > 0 && size < 1e6);
  return (
    middle(gradient) <= allowed(middle(torch.gradient)) &&
    Math.max(...gradient) <= Math.max(0.3, allowed(Math.max(...torch.gradient)))
  );
}

/** Whether some image's gradient is off where the middle one's is not. */
export function flipped({ gradient }, torch) {
  return [gradient, torch.gradient].some((errors) => Math.max(...errors) > 1e-4);
}
