import type { Dataset } from "../data/index.js";
import type { Sample } from "../evaluation/index.js";
import type { Classifier, KnownImageShape } from "../models/index.js";
import { openOptionsOf, type DataOptions } from "./shared-options.js";
import { printable } from "./streams.js";
import { createSkippedWarner, createUndividedTeller, type Terminal } from "./terminal.js";

/** The images to score: the data's test split (all of data without splits), fitted to the model, or a class-balanced sample of it. */
export async function openSample(
  options: DataOptions,
  seed: number,
  classifier: Classifier,
  terminal: Terminal,
): Promise<Sample> {
  const { openDataset, takeSample } = await import("../data/index.js");
  const { createGenerator } = await import("../tensor/index.js");
  const { channels, height, width } = classifier;
  const fitted = { size: { height, width }, channels, ...openOptionsOf(options) };
  const onSkipped = createSkippedWarner(terminal);
  const whole: Dataset = await openDataset(options.data, {
    split: "test",
    whole: true,
    ...fitted,
    onSkipped,
    onUndivided: createUndividedTeller(terminal),
  });
  terminal.note(describeClasses(whole.classNames, classifier));
  const sampled = options.limit !== undefined && options.limit < whole.length;
  return {
    dataset: sampled ? takeSample(whole, options.limit, createGenerator(seed)) : whole,
    population: whole.length,
    seed: sampled ? seed : null,
  };
}

/** Channels of the data, and their size where all have one: image files have many, and are made what a model takes. */
export async function ownShape({ data }: Pick<DataOptions, "data">): Promise<KnownImageShape> {
  const { openDataset } = await import("../data/index.js");
  const { source, channels, height, width } = await openDataset(data, { split: "test", whole: true });
  return source?.kind === "pixels" ? { channels, size: [height, width] } : { channels };
}

/** Of longer lists only these and the last are shown. */
const SHOWN = 10;

/** The order of the classes, and what the model calls them where that is something else. */
function describeClasses(names: readonly string[], { classNames, unnamed }: Classifier): string {
  const numbered = names.map((name, i) => {
    const own = unnamed === true ? name : (classNames[i] ?? name);
    return `${i} ${printable(name)}${own === name ? "" : ` (the model's ${printable(own)})`}`;
  });
  const shown = names.length > SHOWN + 1 ? [...numbered.slice(0, SHOWN), "…", numbered.at(-1)!] : numbered;
  const warning = unnamed === true ? "; the model's file names none, its outputs must have this order" : "";
  return `classes: ${shown.join(", ")}${warning}`;
}

/** The radii that most papers use on these images, the headline last. */
export function usualEpsilons(data: string, norm: "linf" | "l2"): readonly number[] {
  if (norm === "l2") return [0.25, 0.5];
  return /^mnist(:|$)/.test(data) ? [0.1, 0.2, 0.3] : [2 / 255, 4 / 255, 8 / 255];
}

/** The headline of {@link usualEpsilons}. */
export function usualEpsilon(data: string, norm: "linf" | "l2"): number {
  return usualEpsilons(data, norm).at(-1)!;
}
