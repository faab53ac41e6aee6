import { unasked } from "./asking.js";
import { defineAttack } from "./attack.js";
import { CARDS } from "./cards/index.js";
import { GRAY } from "./threat.js";

/**
 * x' = ½ in every pixel, whatever the image and the model. A classifier gives it one prediction, so if the balls
 * contain it, no accuracy exceeds the share of the largest class. In a smaller ball the harness projects it, which fades
 * every image towards gray.
 */
export const grayImage = defineAttack(CARDS["gray-image"], ({ image }) =>
  unasked(new Float32Array(image.length).fill(GRAY)),
);
