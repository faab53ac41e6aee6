import { UsageError } from "../errors/index.js";

/** A norm in which every pixel may change. */
export type BallNorm = "linf" | "l2" | "l1";

/** Those in which every pixel may change. */
export const BALL_NORMS = ["linf", "l2", "l1"] as const satisfies readonly BallNorm[];

/** How a change is measured. `patch`: by the share of the image that a square over all changed pixels covers. */
export type Norm = BallNorm | "patch";

/** Every norm, as the command line and results name it. */
export const NORMS = ["linf", "l2", "l1", "patch"] as const satisfies readonly Norm[];

/** Norms whose step of PGD is a graph (`pgd-step.ts`); that of L1 is taken on the host. */
export type StepNorm = Exclude<BallNorm, "l1">;

/** The norm of an attack that takes no patch; which it is, its card has made sure of. */
export function ballNorm(norm: Norm): BallNorm {
  if (norm === "patch") throw new RangeError("this attack knows no patch");
  return norm;
}

const LABELS: Readonly<Record<Norm, string>> = { linf: "L∞", l2: "L2", l1: "L1", patch: "patch" };

/** As people write it: `L∞`. */
export function normLabel(norm: Norm): string {
  return LABELS[norm];
}

/** Which perturbations are allowed: ‖x' − x‖ ≤ epsilon and x' ∈ [0, 1]. */
export interface ThreatModel {
  readonly norm: Norm;
  /** Radius in pixel units: images are in [0, 1]. Of a patch, its share of the image. */
  readonly epsilon: number;
}

/**
 * Longest steps that a pixel of [0, 1] or a whole image can mean. In L2 a photograph of 224 × 224 is 388 wide at most,
 * and radii in use stay below 5; in L1 they are 10 to 12 on small images and up to 255 on photographs. What is longer
 * than this was meant in gray levels.
 */
export const LONGEST: Readonly<Record<Norm, number>> = { linf: 1, l2: 32, l1: 1024, patch: 1 };

/** @throws UsageError when the ball is empty, or is not a ball of images. */
export function checkThreat({ norm, epsilon }: ThreatModel): void {
  checkLength("epsilon", norm, epsilon);
}

/** A radius or a step, in pixels of [0, 1]. @throws UsageError naming the option when no image is that far away. */
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
        : "Give pixels of [0, 1], such as 8/255.",
  });
}
