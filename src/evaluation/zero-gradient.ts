import { zeroGradientNodes } from "../autodiff/index.js";
import type { Classifier } from "../models/index.js";
import type { ZeroGradient } from "./result.js";
import type { Tally } from "./tally.js";

/** How many operators a sentence names. */
const NAMED = 3;

/** Of the images that a model was attacked on. */
export function zeroGradientOf(classifier: Classifier, totals: Tally["totals"]): ZeroGradient {
  return {
    images: totals.zeroGradient,
    standing: totals.zeroStanding,
    operators: zeroGradientOperators(classifier),
  };
}

/** Nodes between the image and the logits that pass no gradient, as a warning names them. */
export function zeroGradientOperators({ graph, image, logits }: Classifier): string[] {
  return zeroGradientNodes(graph, image, logits).map(({ op, name }) => `${op} (${name})`);
}

/** What a zero gradient means for an accuracy over `n` images, and what to do. */
export function describeZeroGradient({ images, standing, operators }: ZeroGradient, n: number): string {
  const more = operators.length > NAMED ? ` and ${operators.length - NAMED} more` : "";
  const cause =
    operators.length === 0
      ? ""
      : ` The model has nodes that pass no gradient: ${operators.slice(0, NAMED).join(", ")}${more}.`;
  return (
    `the gradient was zero for ${images} of ${n} images (${percent(images / n)}); ${standing} of them count as ` +
    `right though the attack could not move them, so the accuracy is too high.${cause} Try images made on another ` +
    "model (transfer), or an attack that needs no gradient."
  );
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
