/** The outcome of an image without an attack, and after several. */
import { NO_CLASS } from "../attacks/index.js";
import { placesOf } from "../data/index.js";
import type { Outcome } from "./attack-dataset.js";
import { readBatch } from "./batches.js";
import type { Run } from "./run.js";

/** Outcomes of the images that are wrong when clean. */
export async function* wrongWhenClean(run: Run, model: string): AsyncGenerator<Outcome> {
  const { clean, dataset, places } = run;
  for (const place of places) {
    if (clean.get(model)![place] === dataset.labels[place]) continue;
    const imageSize = dataset.channels * dataset.height * dataset.width;
    const { images } = await readBatch(dataset, Uint32Array.of(place), imageSize);
    const outcome = asItIs(run, model, place);
    yield { ...outcome, value: { ...outcome.value, adversarial: images } };
  }
}

/** The outcome of an image without an attack. */
export function asItIs({ clean, dataset }: Run, model: string, place: number): Outcome {
  const label = dataset.labels[place]!;
  const cleanPrediction = clean.get(model)![place]!;
  return {
    place,
    index: placesOf(dataset, Uint32Array.of(place))[0]!,
    label,
    forwardQueries: 0,
    gradientQueries: 0,
    zeroGradient: false,
    value: {
      adversarial: new Float32Array(),
      cleanPrediction,
      adversarialPrediction: cleanPrediction,
      success: cleanPrediction !== label,
      distance: 0,
      cleanLoss: NaN,
      adversarialLoss: NaN,
      nonFinite: cleanPrediction === NO_CLASS,
    },
  };
}

/** The outcome of an image after one more attack: queries add up, and its gradient counts as zero only if it always was. */
export function added(before: Outcome | undefined, outcome: Outcome): Outcome {
  if (before === undefined) return outcome;
  return {
    ...outcome,
    value: { ...outcome.value, nonFinite: before.value.nonFinite || outcome.value.nonFinite },
    forwardQueries: before.forwardQueries + outcome.forwardQueries,
    gradientQueries: before.gradientQueries + outcome.gradientQueries,
    zeroGradient:
      outcome.gradientQueries === 0
        ? before.zeroGradient
        : outcome.zeroGradient && (before.gradientQueries === 0 || before.zeroGradient),
  };
}

export function withoutImage(outcome: Outcome): Outcome {
  return { ...outcome, value: { ...outcome.value, adversarial: new Float32Array() } };
}
