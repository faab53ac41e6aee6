/** The gate on preprocessings that were guessed: a model that reads its pixels otherwise is not the one measured. */
import type { Measured } from "./curves.js";
import type { PreprocessingGuess, ResultWarning } from "./result/index.js";
import { warn } from "./warn.js";

/** Nothing says how a model's pixels are read: every number of it rests on a trial. One warning a model. */
export function guessGate({
  models = [],
  measurements,
}: Pick<Measured, "models" | "measurements">): ResultWarning[] {
  return models.flatMap(({ name, guess }) => {
    if (guess === undefined) return [];
    const own = measurements.filter(({ model }) => model === name);
    return [warn("guessed-pixels", "warning", describeGuess(name, guess), own)];
  });
}

/** What was chosen, on what grounds, and how to say it instead. */
export function describeGuess(
  model: string,
  { name, images, correct, options, asGood }: PreprocessingGuess,
): string {
  const others = asGood.map((other) => `"${other.name}" (${other.options})`);
  const doubt = others.length === 0 ? "" : ` The trial does not tell it from ${others.join(" or ")}.`;
  return (
    `${model}: nothing says how its pixels are read. "${name}" was chosen from a trial: right on ${correct} of ${images} images.` +
    `${doubt} If the model was trained on other pixels, none of its numbers hold. ` +
    `If the choice is right, say it with ${options}, or keep it with holdfast inspect --data … --write.`
  );
}
