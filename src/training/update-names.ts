/** Names of the update graph's scalar inputs and of its outputs. */
export const UPDATE = {
  oneHot: "one_hot",
  learningRate: "learning_rate",
  biasCorrection1: "bias_correction_1",
  biasCorrection2: "bias_correction_2",
  /** Share of the old average that the EMA keeps. */
  emaDecay: "ema_decay",
  loss: "loss",
  /** Mean of one term of the loss. */
  term: (name: string): string => `term.${name}`,
  /** Logits `[N, K]` of the adversarial images, or of the clean ones when there are no others. */
  logits: "train_logits",
  gradientNorm: "gradient_norm",
  /** Input: state of a parameter; output: its next value. */
  state: (slot: string, parameter: string): string => `${slot}:${parameter}`,
  /** A batch in parts: the gradient summed over the parts so far. */
  sum: (parameter: string): string => `sum:${parameter}`,
  ema: (name: string): string => `ema:${name}`,
  next: (name: string): string => `next:${name}`,
  /** What is added to a weight before the loss is taken (adversarial weight perturbation). */
  perturbation: (name: string): string => `perturbation:${name}`,
  /** Free adversarial training: the perturbation δ, `[N, C, H, W]`, its radius and step. */
  delta: "delta",
  epsilon: "epsilon",
  deltaStep: "delta_step",
} as const;
