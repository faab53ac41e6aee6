import type { Norm } from "../attacks/cards/index.js";
import type { ClassMap, Dataset, MappedData } from "../data/index.js";
import type { Sample } from "../evaluation/index.js";
import type { AnyClassifier, KnownImageShape } from "../models/index.js";
import type { LoadedModel } from "./models.js";
import { fitOfDescription } from "./settle.js";
import { openOptionsOf, type DataOptions, type MapOptions } from "./shared-options.js";
import { printable } from "./streams.js";
import { createSkippedWarner, createUndividedTeller, type Terminal } from "./terminal.js";

/** What {@link openSample} needs to know about a model. */
export type NamedModel = Pick<LoadedModel<AnyClassifier>, "name" | "classifier" | "reading">;

/**
 * The images to score: the test split (or all images, for data without splits), fitted to the first model, or a class-balanced
 * sample of these. Their labels are the models' outputs.
 */
export async function openSample(
  options: DataOptions & MapOptions,
  seed: number,
  models: readonly [NamedModel, ...NamedModel[]],
  terminal: Terminal,
): Promise<Sample> {
  const { mapOntoModel, openDataset, readClassMap, takeSample } = await import("../data/index.js");
  const { createGenerator } = await import("../tensor/index.js");
  const [{ name, classifier, reading }] = models;
  const { channels, height, width } = classifier;
  const map = options.classMap === undefined ? undefined : await readClassMap(options.classMap);
  const size = { height, width };
  const fitted = { ...fitOfDescription(reading.description), size, channels, ...openOptionsOf(options) };
  const onSkipped = createSkippedWarner(terminal);
  const whole: Dataset = await openDataset(options.data, {
    split: "test",
    whole: true,
    ...fitted,
    onSkipped,
    onUndivided: createUndividedTeller(terminal),
  });
  const mapped = mapOntoModel(name, classifier, whole, map);
  await checkSameOutputs(models, whole, mapped, map);
  tellOtherFits(models, terminal);
  await tellColours(name, channels, whole, options, terminal);
  terminal.note(describeClasses(whole.classNames, classifier, mapped));
  const sampled = options.limit !== undefined && options.limit < whole.length;
  // Drawn from the data's own classes, so that the model does not decide which images are scored.
  const drawn = sampled ? takeSample(whole, options.limit, createGenerator(seed)) : whole;
  return {
    dataset: sampled ? mapOntoModel(name, classifier, drawn, map).dataset : mapped.dataset,
    population: whole.length,
    seed: sampled ? seed : null,
  };
}

/** Warns if a model would scale or crop differently: all models get the same images, made for the first one. */
function tellOtherFits([first, ...others]: readonly NamedModel[], terminal: Terminal): void {
  const fitOf = ({ reading }: NamedModel): string =>
    JSON.stringify(Object.entries(fitOfDescription(reading.description)).sort());
  const differing = others.filter((other) => fitOf(other) !== fitOf(first!));
  if (differing.length === 0) return;
  terminal.warn(
    `${differing.map(({ name }) => name).join(", ")}: gets pictures scaled and cropped as ${first!.name} expects, not as its own description says`,
  );
}

/** Notes that a model gets colours as gray, or gray as colours. Picture files may be either. */
async function tellColours(
  name: string,
  channels: number,
  { source }: Dataset,
  options: DataOptions,
  terminal: Terminal,
): Promise<void> {
  const own = source?.kind === "pixels" ? (await ownShape(options)).channels : 3;
  if (own === channels) return;
  terminal.note(
    channels === 1
      ? `${name}: takes gray images, so colours are converted to luma (ITU-R 601)`
      : `${name}: takes ${channels} channels, so gray is copied to all of them`,
  );
}

/** @throws InputError if an image's label is a different output in different models. */
async function checkSameOutputs(
  [first, ...others]: readonly [NamedModel, ...NamedModel[]],
  whole: Dataset,
  { dataset }: MappedData,
  map: ClassMap | undefined,
): Promise<void> {
  const { mapOntoModel } = await import("../data/index.js");
  const { InputError } = await import("../errors/index.js");
  for (const { name, classifier } of others) {
    const { labels } = mapOntoModel(name, classifier, whole, map).dataset;
    const at = labels.findIndex((label, i) => label !== dataset.labels[i]);
    if (at < 0) continue;
    throw new InputError({
      place: `model ${name}`,
      problem: `has "${whole.classNames[whole.labels[at]!]!}" as its output ${labels[at]!}, but ${first.name} has it as its output ${dataset.labels[at]!}`,
      remedy: "Evaluate models with different outputs one at a time.",
    });
  }
}

/** Channels of the data, and their size if all images share one. Image files vary in size, and are resized to fit a model. */
export async function ownShape({ data }: Pick<DataOptions, "data">): Promise<KnownImageShape> {
  const { openDataset } = await import("../data/index.js");
  const { source, channels, height, width } = await openDataset(data, { split: "test", whole: true });
  return source?.kind === "pixels" ? { channels, size: [height, width] } : { channels };
}

/** In longer lists only this many and the last are shown. */
const SHOWN = 10;
/** The same for pairs of names, which are longer. */
const SHOWN_PAIRS = 6;

const shorten = (items: readonly string[], shown: number): string =>
  (items.length > shown + 1 ? [...items.slice(0, shown), "…", items.at(-1)!] : items).join(", ");

/** The order of the classes, and the model's names for them if they differ. */
function describeClasses(
  names: readonly string[],
  { classNames, unnamed }: AnyClassifier,
  { dataset, pairs, assumed }: MappedData,
): string {
  if (pairs !== undefined) {
    const shown = pairs.map(({ name, output }) => {
      const own = dataset.classNames[output]!;
      return `${printable(name)} → ${output}${own === name ? "" : ` ${printable(own)}`}`;
    });
    return (
      `classes: ${pairs.length} of the model's ${classNames.length} outputs: ${shorten(shown, SHOWN_PAIRS)}` +
      (assumed === true
        ? `; its file names none, so they are assumed to be ImageNet's in the usual order (if not, give --labels)`
        : "")
    );
  }
  const numbered = names.map((name, i) => {
    const own = unnamed === true ? name : (classNames[i] ?? name);
    return `${i} ${printable(name)}${own === name ? "" : ` (the model's ${printable(own)})`}`;
  });
  const warning =
    unnamed === true ? "; the model's file names none, so its outputs must be in this order" : "";
  return `classes: ${shorten(numbered, SHOWN)}${warning}`;
}

/** The radii that most papers use on these images, the headline last. */
export function usualEpsilons(data: string, norm: Norm): readonly number[] {
  const isMnist = /^mnist(:|$)/.test(data);
  if (norm === "patch") return [0.02, 0.05, 0.1];
  if (norm === "l2") return [0.25, 0.5];
  if (norm === "l1") return isMnist ? [2.5, 5, 10] : [3, 6, 12];
  return isMnist ? [0.1, 0.2, 0.3] : [2 / 255, 4 / 255, 8 / 255];
}

/** The headline of {@link usualEpsilons}. */
export function usualEpsilon(data: string, norm: Norm): number {
  return usualEpsilons(data, norm).at(-1)!;
}
