import type { RandomGenerator } from "../tensor/index.js";

/** Norm of the perturbation ball. */
export type Norm = "linf" | "l2";

/** Which perturbations are allowed: ‖x' − x‖ ≤ epsilon and x' ∈ [0, 1]. */
export interface ThreatModel {
  readonly norm: Norm;
  /** Radius in pixel units: images are in [0, 1]. */
  readonly epsilon: number;
}

/** Images under attack. */
export interface AttackBatch {
  /** Clean images, `[N, C, H, W]` in [0, 1]. */
  readonly images: Float32Array;
  readonly labels: Int32Array;
  /** Classes to be reached, when the attack is targeted. */
  readonly targets?: Int32Array;
  /** Places of the images in their dataset: they address the random draws. */
  readonly indices: Uint32Array;
  readonly size: number;
}

/** What the harness found out about one image; an attack never reports its own success. */
export interface AttackedBatch {
  /** `[N, C, H, W]`, projected and clipped by the harness. */
  readonly adversarial: Float32Array;
  readonly label: Int32Array;
  readonly cleanPrediction: Int32Array;
  readonly adversarialPrediction: Int32Array;
  /** Prediction differs from the label (untargeted) or equals the target. */
  readonly success: Uint8Array;
  /** Distance in the threat model's norm, as measured by the harness. */
  readonly distance: Float32Array;
  /** Cross-entropy of the clean and of the adversarial image, in nats. */
  readonly cleanLoss: Float32Array;
  readonly adversarialLoss: Float32Array;
  /** Elements of the attack's answer that were NaN or infinite (replaced by the clean image). */
  readonly nonFinite: number;
  /** Forward and gradient evaluations, images × calls. */
  readonly forwardQueries: number;
  readonly gradientQueries: number;
}

/** Randomness and cancellation shared by everything long. */
export interface RunContext {
  readonly random: RandomGenerator;
  readonly signal?: AbortSignal | undefined;
}
