import { unasked } from "./asking.js";
import { defineAttack } from "./attack.js";
import { CARDS } from "./cards/index.js";
import type { ThreatModel } from "./threat.js";

/** The middle of [0, 1]; no pixel is further than 1/2 from it. */
const GRAY = 0.5;

/** Whether the uniform gray image lies in the ball of every image: L∞ with ε ≥ 1/2. */
export function holdsGrayImage({ norm, epsilon }: ThreatModel): boolean {
  return norm === "linf" && epsilon >= GRAY;
}

/**
 * x' = ½ in every pixel, whatever the image and the model. A classifier gives it one prediction, so if the balls
 * contain it, no accuracy exceeds the share of the largest class. In a smaller ball the harness projects it, which fades
 * every image towards gray.
 */
export const grayImage = defineAttack(CARDS["gray-image"], ({ image }) =>
  unasked(new Float32Array(image.length).fill(GRAY)),
);
