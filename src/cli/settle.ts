/** Finds the preprocessing of models that do not state it, by trying the usual ones on labelled images. */
import type { Dataset, OpenOptions } from "../data/index.js";
import type { PreprocessingGuess, Trial, TriedPreprocessings } from "../evaluation/index.js";
import type { AnyClassifier, ModelDescription } from "../models/index.js";
import type { LoadedModel } from "./models.js";
import { describeReading, preprocessingFlags, type Reading } from "./reading.js";
import { openOptionsOf, type DataOptions, type MapOptions } from "./shared-options.js";
import { formatTable, type Terminal } from "./terminal.js";

/** Number of images to try candidates on, drawn class by class. */
const TRIED = 50;
/** Resize to 256 and crop to 224. */
const USUAL_CROP = 0.875;

type SettleOptions = DataOptions & MapOptions & { readonly threads?: number; readonly seed?: number };

/**
 * Returns the model with the preprocessing that clearly works. Prints what was tried, with the flags that would set it.
 * A model with known preprocessing is returned unchanged.
 *
 * @throws InputError if the model is no better than chance with every preprocessing.
 */
export async function settleModel<C extends AnyClassifier>(
  model: LoadedModel<C>,
  options: SettleOptions,
  terminal: Terminal,
): Promise<LoadedModel<C>> {
  const { name, reading } = model;
  if (reading.isSettled) return model;
  const { describeGuess, tryPreprocessings, usualPreprocessings } = await import("../evaluation/index.js");
  const { classifier, description } = reading;
  const images = await trialImages(model, description, options);
  const { channels, height } = classifier;
  const candidates = usualPreprocessings({ channels, height });
  const tried = await tryPreprocessings(classifier, images, candidates, { threads: options.threads });
  if (!tried.isClear) throw await atChance(name, images, tried);
  const best = tried.trials[0]!;
  terminal.note(
    `${name}: nothing says how its pixels are read; tried on ${best.images} images of ${images.name}\n${tableOf(tried.trials)}`,
  );
  const crop = await tryCrop(model, best, images, options, terminal);
  const guess = guessOf(best, tried, crop);
  // Also with --quiet: a guess is never silent.
  terminal.warn(describeGuess(name, guess));
  const { preprocessing } = best;
  const origin = `a trial: right on ${best.correct} of ${best.images} images`;
  const settled: Reading<C> = {
    ...reading,
    classifier: await reading.withPreprocessing(preprocessing),
    description: { ...description, range: 1, ...preprocessing, ...(crop === undefined ? {} : { crop }) },
    origin,
    isSettled: true,
  };
  return {
    ...model,
    classifier: settled.classifier,
    reading: settled,
    info: { ...model.info, preprocessing: describeReading(settled.description, origin), guess },
  };
}

/** How images are fitted to a model, as far as known. */
export function fitOfDescription({ crop, fit, interpolation }: ModelDescription): OpenOptions {
  return {
    ...(crop === undefined ? {} : { cropFraction: crop }),
    ...(fit === undefined ? {} : { fit }),
    ...(interpolation === undefined ? {} : { interpolation }),
  };
}

async function trialImages(
  { name, classifier }: LoadedModel<AnyClassifier>,
  description: ModelDescription,
  options: SettleOptions,
): Promise<Dataset> {
  const { mapOntoModel, openDataset, readClassMap, takeSample } = await import("../data/index.js");
  const { createGenerator } = await import("../tensor/index.js");
  const { channels, height, width } = classifier;
  const map = options.classMap === undefined ? undefined : await readClassMap(options.classMap);
  const whole = await openDataset(options.data, {
    split: "test",
    whole: true,
    ...fitOfDescription(description),
    ...openOptionsOf(options),
    size: { height, width },
    channels,
  });
  mapOntoModel(name, classifier, whole, map);
  return mapOntoModel(name, classifier, takeSample(whole, TRIED, createGenerator(options.seed ?? 0)), map)
    .dataset;
}

/** .875 if it is clearly better than the whole picture. */
async function tryCrop(
  model: LoadedModel<AnyClassifier>,
  best: Trial,
  { source }: Dataset,
  options: SettleOptions,
  terminal: Terminal,
): Promise<number | undefined> {
  const { description, classifier } = model.reading;
  if (source === undefined || source.kind === "pixels" || description.crop !== undefined) return undefined;
  if (description.fit === "stretch") return undefined;
  const { isClearlyBetter, tryPreprocessings } = await import("../evaluation/index.js");
  const images = await trialImages(model, { ...description, crop: USUAL_CROP }, options);
  const { trials } = await tryPreprocessings(classifier, images, [best], { threads: options.threads });
  terminal.note(
    `  "${best.name}", cropped to the centre (${USUAL_CROP} of the scaled side): ${trials[0]!.correct} of ${best.images} right`,
  );
  return isClearlyBetter(trials[0]!.answers, best.answers, images.labels) ? USUAL_CROP : undefined;
}

/** What a result says about the choice. A crop that was tried applies to all candidates. */
function guessOf(best: Trial, { asGood }: TriedPreprocessings, crop: number | undefined): PreprocessingGuess {
  const cropped = crop === undefined ? [] : [`--crop ${crop}`];
  const named = ({ name, preprocessing }: Trial): { name: string; options: string } => ({
    name,
    options: [preprocessingFlags(preprocessing), ...cropped].join(" "),
  });
  const { images, correct } = best;
  return { ...named(best), images, correct, asGood: asGood.map(named) };
}

function tableOf(trials: readonly Trial[]): string {
  return formatTable([
    ["pixels", "right", "loss"],
    ...trials.map(({ name, correct, images, loss }) => [
      `  ${name}`,
      `${correct} of ${images}`,
      Number.isFinite(loss) ? loss.toFixed(2) : "∞",
    ]),
  ]);
}

async function atChance(name: string, images: Dataset, { trials }: TriedPreprocessings): Promise<Error> {
  const { InputError } = await import("../errors/index.js");
  const chance = Math.max(...trials.map(({ byChance }) => byChance));
  return new InputError({
    place: `model ${name}`,
    problem:
      `is no better than chance on ${images.name}, however its pixels are read (chance gives up to ${chance.toFixed(1)} of ${images.length}):\n` +
      tableOf(trials),
    remedy:
      "Its classes may be in a different order from the data's: give --labels or --class-map. If it takes other pixels, give " +
      "--mean, --std, --pixel-range, --channel-order. To measure it anyway, give --pixel-range 1.",
  });
}
