// What an error may be. Between two computations in float32 a ReLU or a maximum near its kink may fall to either side, which
// changes the gradient of that image by a hundredth and says nothing of either: errors are kept for each image, and the
// gradient is judged by the lower middle one. An operator that is wrong is wrong for all.

export function middle(errors) {
  return [...errors].sort((a, b) => a - b)[(errors.length - 1) >> 1];
}

const allowed = (own, coarse = 1e-4) => Math.max(coarse, 2 * own);

/** Rounding to 8 bits: an activation that falls to the next step moves a logit by a hundredth, and there are many. */
const QUANTISED = 0.1;

/** `coarse`: what the reference itself is off by, where the file has rounded other weights than PyTorch. */
export function logitsPass({ logits, torch, quantised, coarse }) {
  if (quantised) return Math.max(...logits) <= QUANTISED;
  // Some image of a deep network may be all but chaotic, in PyTorch as here.
  const most = 10 * Math.max(...torch.logits);
  return (
    middle(logits) <= allowed(middle(torch.logits), coarse) && Math.max(...logits) <= allowed(most, coarse)
  );
}

export function gradientPasses({ gradient, again, torch, quantised, coarse }) {
  // Rounding has no gradient to compare with; what is passed straight through must be something.
  if (quantised) return gradient.some((size) => size > 0) && gradient.every((size) => size < 1e6);
  const worst = Math.max(...gradient);
  // With rounded weights many ReLUs flip in every image.
  if (coarse) return middle(gradient) <= Math.max(0.5, 2 * middle(torch.gradient));
  // Computed twice, and still off in most: of hundreds of thousands of kinks one is near in almost every image.
  const judged = again === undefined ? middle(gradient) : Math.min(...gradient);
  return judged <= allowed(middle(torch.gradient)) && worst <= allowed(Math.max(0.15, ...torch.gradient));
}

/** Whether some image's gradient is off where the middle one's is not. */
export function flipped({ gradient }, torch) {
  return [gradient, torch.gradient].some((errors) => Math.max(...errors) > 1e-4);
}
