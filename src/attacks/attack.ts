import type { RandomGenerator } from "../tensor/index.js";
import type { Target } from "./target.js";

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

/** What the harness found out; an attack never reports its own success. */
export interface AttackedBatch {
  /** `[N, C, H, W]`, projected and clipped by the harness. */
  readonly adversarial: Float32Array;
  readonly labels: Int32Array;
  /** -1 where a logit is NaN: such an answer is wrong whatever the label. */
  readonly cleanPrediction: Int32Array;
  readonly adversarialPrediction: Int32Array;
  /** Prediction differs from the label (untargeted) or equals the target. */
  readonly success: Uint8Array;
  /** Distance in the threat model's norm, as measured by the harness. */
  readonly distance: Float32Array;
  /** Cross-entropy of the label, clean and adversarial, in nats. */
  readonly cleanLoss: Float32Array;
  readonly adversarialLoss: Float32Array;
  /** Images whose answer had a NaN or an infinity (the clean image stands for them), or whose logits have a NaN. */
  readonly nonFinite: number;
  /** 1 where the gradient was zero or denormal in at least half of the image's evaluations; 0 without a gradient. */
  readonly zeroGradient: Uint8Array;
  /** Evaluations spent, in images. */
  readonly forwardQueries: number;
  readonly gradientQueries: number;
}

/** Randomness and cancellation shared by everything long. */
export interface RunContext {
  readonly random: RandomGenerator;
  readonly signal?: AbortSignal | undefined;
}

/** Values that an attack's options may have: all of them are printed with each result. */
export type AttackOptions = Readonly<Record<string, number | string | boolean>>;

/** What an attack is given. The batch is exactly as large as the target's. */
export interface AttackInput {
  readonly target: Target;
  readonly batch: AttackBatch;
  /** Of the clean images, `[N, K]`. */
  readonly cleanLogits: Float32Array;
  readonly threat: ThreatModel;
  readonly context: RunContext;
}

/** An attack: one file, one line in the index, one test row. */
export interface Attack<Options extends AttackOptions = AttackOptions> {
  readonly name: string;
  /** What it needs of the model. */
  readonly access: "gradient" | "logits" | "decision";
  readonly norms: readonly Norm[];
  /** Every option, with the default for this threat model filled in. @throws UsageError */
  readonly resolve: (threat: ThreatModel, given: Partial<Options>) => Options;
  /** Returns its candidate images; the harness projects, scores and counts. */
  readonly run: (input: AttackInput, options: Options) => Promise<Float32Array>;
}

/** Freezes an attack's definition; gives it its options' type. */
export function defineAttack<Options extends AttackOptions>(attack: Attack<Options>): Attack<Options> {
  return Object.freeze(attack);
}
