import type { Value } from "../graph/index.js";

/** What a classifier says of one half of a clean/adversarial pair. */
export interface Branch {
  /** `[N, K]` */
  readonly logits: Value;
  /** Normalised attention maps `[N, h·w]`, one a group; needed only with attention pairing. */
  readonly attention: readonly Value[];
}

/** Everything that the terms are built from. */
export interface LossInputs {
  readonly clean?: Branch | undefined;
  readonly adversarial?: Branch | undefined;
  /** `[N, K]` */
  readonly oneHot: Value;
  /** Gradient `[N, C, H, W]` of a scalar with respect to the clean images: emits it into the graph. */
  readonly imageGradient?: ((scalar: Value) => Value) | undefined;
}
