import { UsageError } from "../errors/index.js";

/** A norm that lets every pixel change. */
export type BallNorm = "linf" | "l2" | "l1";

/** Norms that let every pixel change. */
export const BALL_NORMS = ["linf", "l2", "l1"] as const satisfies readonly BallNorm[];

/** How a change is measured. `patch`: by the share of the image that a square over all changed pixels covers. */
export type Norm = BallNorm | "patch";

/** Every norm, as the command line and results name it. */
export const NORMS = ["linf", "l2", "l1", "patch"] as const satisfies readonly Norm[];

/** Norms whose PGD step is a graph (`pgd-step.ts`); in L1 it is taken on the host. */
export type StepNorm = Exclude<BallNorm, "l1">;

/** The norm of an attack without patches, as its card guarantees. */
export function ballNorm(norm: Norm): BallNorm {
  if (norm === "patch") throw new RangeError("this attack does not support patches");
  return norm;
}

const LABELS: Readonly<Record<Norm, string>> = { linf: "L∞", l2: "L2", l1: "L1", patch: "patch" };

/** As usually written: `L∞`. */
export function normLabel(norm: Norm): string {
  return LABELS[norm];
}

/** Which perturbations are allowed: ‖x' − x‖ ≤ epsilon and x' ∈ [0, 1]. */
export interface ThreatModel {
  readonly norm: Norm;
  /** Radius in pixel units (images are in [0, 1]); for a patch, its share of the image. */
  readonly epsilon: number;
}

/** The middle of [0, 1]; no pixel is further than 1/2 from it. */
export const GRAY = 0.5;

/** Whether the uniform gray image lies in the ball of every image: L∞ with ε ≥ 1/2. */
export function holdsGrayImage({ norm, epsilon }: ThreatModel): boolean {
  return norm === "linf" && epsilon >= GRAY;
}

/**
 * Longest plausible radii and steps. In L2 a 224 × 224 photograph is at most 388 wide, and usual radii stay below 5; in L1
 * they are 10 to 12 on small images and up to 255 on photographs. Anything longer was probably meant in gray levels.
 */
export const LONGEST: Readonly<Record<Norm, number>> = { linf: 1, l2: 32, l1: 1024, patch: 1 };

/** @throws UsageError if the ball is empty or larger than the space of images. */
export function checkThreat({ norm, epsilon }: ThreatModel): void {
  checkLength("epsilon", norm, epsilon);
}

/** Checks a radius or a step, for pixels in [0, 1]. @throws UsageError naming the option if no image is that far away. */
export function checkLength(place: string, norm: Norm, length: number): void {
  const longest = LONGEST[norm];
  if (length >= 0 && length <= longest) return;
  if (norm === "patch") {
    throw new UsageError({
      place,
      problem: `of a patch is its share of the image, in [0, 1], found ${length}`,
      remedy: "Give a share such as 0.05.",
    });
  }
  throw new UsageError({
    place,
    problem: `must be in [0, ${longest}] with the norm ${norm} because images are in [0, 1], found ${length}`,
    remedy:
      length > 0 && length <= 510 * longest
        ? `For ${length} of 255 gray levels give ${length}/255.`
        : "Give it for pixels in [0, 1], such as 8/255.",
  });
}
