import { UsageError } from "../errors/index.js";
import type { ThreatModel } from "./attack.js";

/** @throws UsageError when the ball is empty, or is not a ball of images. */
export function checkThreat({ norm, epsilon }: ThreatModel): void {
  const largest = norm === "linf" ? 1 : Infinity;
  if (!(epsilon >= 0 && epsilon <= largest)) {
    throw new UsageError({
      place: "epsilon",
      problem: `must be ${norm === "linf" ? "in [0, 1]" : "at least 0"} because images are in [0, 1], found ${epsilon}`,
      remedy:
        norm === "linf" && epsilon <= 255
          ? `For ${epsilon} of 255 gray levels give ${epsilon}/255.`
          : "Give a radius in pixel units, such as 8/255.",
    });
  }
}

/** @throws UsageError naming the option. */
export function checkInteger(place: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new UsageError({ place, problem: `must be an integer of at least ${least}, found ${value}` });
  }
  return value;
}

/** @throws UsageError naming the option. */
export function checkPositive(place: string, value: number): number {
  if (!(value > 0 && Number.isFinite(value))) {
    throw new UsageError({ place, problem: `must be a positive number, found ${value}` });
  }
  return value;
}
