/** The logit `[N]` of the explained classes and its gradient `[N, C, H, W]`, of images `[N, C, H, W]`. */
export type ScoreAndGradient = (
  images: Float32Array,
) => Promise<{ readonly score: Float32Array; readonly gradient: Float32Array }>;

/** Integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365) of a batch, from a black image. */
export interface IntegratedGradients {
  /** `[N, C, H, W]`. */
  readonly attributions: Float32Array;
  /** `[N]`: Σ attributions − (F(x) − F(0)), in logits; 0 for an exact integral (completeness, proposition 1). */
  readonly gap: Float32Array;
  /** `[N]`: F(x) − F(0). */
  readonly difference: Float32Array;
}

/**
 * Integrated gradients (Sundararajan, Taly & Yan 2017, arXiv:1703.01365, eq. 1) from a black image, by the midpoint rule:
 *
 *   IG = x · 1/m Σ_{k=1..m} ∂F(α_k x) / ∂x ,   α_k = (k − ½) / m
 *
 * F is the logit of the class. The paper's eq. 3 has the right end of each step; the midpoint's error falls with m².
 * Black is 0 in every pixel, before any normalisation that the model has in its graph.
 */
export async function integratedGradients(
  evaluate: ScoreAndGradient,
  images: Float32Array,
  { steps, count, onStep }: { readonly steps: number; readonly count: number; readonly onStep?: () => void },
): Promise<IntegratedGradients> {
  const sum = new Float64Array(images.length);
  for (let k = 0; k < steps; k++) {
    const alpha = (k + 0.5) / steps;
    const { gradient } = await evaluate(images.map((value) => alpha * value));
    gradient.forEach((value, i) => (sum[i]! += value));
    onStep?.();
  }
  const { score } = await evaluate(images);
  const { score: black } = await evaluate(new Float32Array(images.length));
  const attributions = Float32Array.from(sum, (value, i) => (value / steps) * images[i]!);
  const size = images.length / count;
  const difference = score.map((value, n) => value - black[n]!);
  const gap = difference.map((each, n) => {
    let total = 0;
    for (let i = n * size; i < (n + 1) * size; i++) total += attributions[i]!;
    return total - each;
  });
  return { attributions, gap, difference };
}
