/** The gate on guessed preprocessings: if the guess is wrong, the numbers are not the model's. */
import type { Measured } from "../curves.js";
import type { PreprocessingGuess, ResultWarning } from "../result/index.js";
import { warn } from "../warn.js";

/** Nothing says how a model reads its pixels, so all its numbers rest on a trial. One warning per model. */
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

/** What was chosen, why, and how to set it explicitly. */
export function describeGuess(
  model: string,
  { name, images, correct, options, asGood }: PreprocessingGuess,
): string {
  const others = asGood.map((other) => `"${other.name}" (${other.options})`);
  const doubt = others.length === 0 ? "" : ` The trial cannot tell it apart from ${others.join(" or ")}.`;
  return (
    `${model}: nothing says how its pixels are read. "${name}" was chosen by trial: it was right on ${correct} of ${images} images.` +
    `${doubt} If the model was trained with other preprocessing, none of its numbers hold. ` +
    `If the choice is right, give it as ${options}, or save it with holdfast inspect --data … --write.`
  );
}
