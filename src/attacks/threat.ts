import { UsageError } from "../errors/index.js";

/** Norm of the perturbation ball. */
export type Norm = "linf" | "l2" | "l1";

/** Every norm, as the command line and results name it. */
export const NORMS = ["linf", "l2", "l1"] as const satisfies readonly Norm[];

/** Norms whose step of PGD is a graph (`pgd-step.ts`); that of L1 is taken on the host. */
export type StepNorm = Exclude<Norm, "l1">;

const LABELS: Readonly<Record<Norm, string>> = { linf: "L∞", l2: "L2", l1: "L1" };

/** As people write it: `L∞`. */
export function normLabel(norm: Norm): string {
  return LABELS[norm];
}

/** Which perturbations are allowed: ‖x' − x‖ ≤ epsilon and x' ∈ [0, 1]. */
export interface ThreatModel {
  readonly norm: Norm;
  /** Radius in pixel units: images are in [0, 1]. */
  readonly epsilon: number;
}

/**
 * Longest steps that a pixel of [0, 1] or a whole image can mean. In L2 a photograph of 224 × 224 is 388 wide at most,
 * and radii in use stay below 5; in L1 they are 10 to 12 on small images and up to 255 on photographs. What is longer
 * than this was meant in gray levels.
 */
export const LONGEST: Readonly<Record<Norm, number>> = { linf: 1, l2: 32, l1: 1024 };

/** @throws UsageError when the ball is empty, or is not a ball of images. */
export function checkThreat({ norm, epsilon }: ThreatModel): void {
  checkLength("epsilon", norm, epsilon);
}

/** A radius or a step, in pixels of [0, 1]. @throws UsageError naming the option when no image is that far away. */
export function checkLength(place: string, norm: Norm, length: number): void {
  const longest = LONGEST[norm];
  if (length >= 0 && length <= longest) return;
  throw new UsageError({
    place,
    problem: `must be in [0, ${longest}] with the norm ${norm} because images are in [0, 1], found ${length}`,
    remedy:
      length > 0 && length <= 510 * longest
        ? `For ${length} of 255 gray levels give ${length}/255.`
        : "Give pixels of [0, 1], such as 8/255.",
  });
}
