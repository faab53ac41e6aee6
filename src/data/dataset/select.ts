/** Parts of a dataset: by index, as a balanced sample, as a validation set. */
import { UsageError } from "../../errors/index.js";
import type { RandomGenerator, RandomStream } from "../../tensor/index.js";
import type { Dataset } from "./dataset.js";

/**
 * The images at `indices`, in that order. Shares the pixels of `dataset`.
 *
 * @throws RangeError for an index outside the dataset.
 */
export function subset(
  dataset: Dataset,
  indices: ArrayLike<number>,
  named: { readonly name?: string; readonly description?: string } = {},
): Dataset {
  const places = Uint32Array.from(indices);
  for (let i = 0; i < places.length; i++) {
    const index = indices[i]!;
    if (!Number.isInteger(index) || index < 0 || index >= dataset.length) {
      throw new RangeError(`image ${index} is outside 0 … ${dataset.length - 1} of ${dataset.name}`);
    }
  }
  const { mask, hasMask, sourceIndices } = dataset;
  const at = (index: number): number => {
    const place = places[index];
    if (place === undefined) throw new RangeError(`image ${index} is outside 0 … ${places.length - 1}`);
    return place;
  };
  return Object.freeze({
    ...dataset,
    ...named,
    length: places.length,
    labels: Int32Array.from(places, (place) => dataset.labels[place]!),
    sourceIndices: sourceIndices === undefined ? places : places.map((place) => sourceIndices[place]!),
    fileName: (index: number) => dataset.fileName(at(index)),
    read: (index: number, out: Float32Array) => dataset.read(at(index), out),
    ...(mask === undefined ? {} : { mask: (index: number, out: Uint8Array) => mask(at(index), out) }),
    ...(hasMask === undefined ? {} : { hasMask: (index: number) => hasMask(at(index)) }),
  });
}

/**
 * Places of images in the dataset from which this one was drawn. They address the random draws of an attack,
 * so that an image is attacked in the same way in any sample.
 */
export function placesOf(
  { sourceIndices }: Pick<Dataset, "sourceIndices">,
  indices: Uint32Array,
): Uint32Array {
  return sourceIndices === undefined ? indices : indices.map((index) => sourceIndices[index]!);
}

/** Indices of each class, in the dataset's order. */
export function indicesByClass(dataset: Pick<Dataset, "labels" | "classNames">): number[][] {
  const groups = dataset.classNames.map((): number[] => []);
  dataset.labels.forEach((label, index) => groups[label]!.push(index));
  return groups;
}

/** Number of images of each class. */
export function countByClass({ labels, classNames }: Pick<Dataset, "labels" | "classNames">): number[] {
  const counts = classNames.map(() => 0);
  for (const label of labels) counts[label]!++;
  return counts;
}

/**
 * A random, class-balanced sample of `limit` images, or all if there are no more. It is never just the first
 * images, because their order may mean something. Classes take turns, so that every prefix is balanced too; a
 * class without images left gives its turn to the others.
 *
 * @example
 * ```ts
 * import { createGenerator, openDataset, takeSample } from "holdfast";
 *
 * const sample = takeSample(await openDataset("mnist:test"), 1000, createGenerator(0));
 * console.log(sample.length, sample.description);
 * ```
 */
export function takeSample(dataset: Dataset, limit: number, random: RandomGenerator): Dataset {
  requireCount("limit", limit);
  if (limit >= dataset.length) return dataset;
  const stream = random.stream("data/sample");
  const groups = indicesByClass(dataset).map((group) => shuffled(group, stream));
  const chosen: number[] = [];
  for (let round = 0; chosen.length < limit; round++) {
    for (const group of shuffled(groups, stream)) {
      const index = group[round];
      if (index !== undefined && chosen.length < limit) chosen.push(index);
    }
  }
  return subset(dataset, chosen, {
    description: sentences(
      dataset.description,
      `A class-balanced sample of ${limit} of its ${dataset.length} images, seed ${random.seed}.`,
    ),
  });
}

/** How much to split off: a share or a number of images. */
export type SplitSize = { readonly fraction: number } | { readonly count: number };

/** Two disjoint parts that make up a dataset. */
export interface Parts {
  readonly remaining: Dataset;
  readonly taken: Dataset;
}

/**
 * Splits off a stratified part: every class contributes its share, rounded so that the total is exact.
 * Both parts keep the dataset's order.
 *
 * @throws UsageError if a part would be empty.
 */
export function splitOff(dataset: Dataset, size: SplitSize, random: RandomGenerator): Parts {
  const count = "count" in size ? size.count : Math.round(size.fraction * dataset.length);
  requireCount("size of the part split off", count);
  if (count >= dataset.length) {
    throw new UsageError({
      place: dataset.name,
      problem: `cannot split ${count} images off ${dataset.length}: none would remain`,
      remedy: "Lower --validation, or use --validation 0 for none.",
    });
  }
  const [taken, remaining] = stratify(dataset, [count, dataset.length - count], random.stream("data/split"));
  const note = (what: string): { description: string } => ({
    description: sentences(dataset.description, `${what}, stratified by class, seed ${random.seed}.`),
  });
  return {
    remaining: subset(dataset, remaining!, note(`Without ${count} of its ${dataset.length} images`)),
    taken: subset(dataset, taken!, note(`${count} of its ${dataset.length} images, split off`)),
  };
}

/**
 * Sorted indices of parts with exactly `counts` images (which sum to the dataset's length) and every
 * class spread over the parts in proportion: its images, in random order, go one by one to the part
 * that is furthest behind its share.
 */
export function stratify(
  dataset: Pick<Dataset, "labels" | "classNames">,
  counts: readonly number[],
  stream: RandomStream,
): number[][] {
  const total = dataset.labels.length;
  const parts = counts.map((): number[] => []);
  let dealt = 0;
  for (const group of indicesByClass(dataset)) {
    for (const index of shuffled(group, stream)) {
      dealt++;
      let behind = 0;
      let most = -Infinity;
      for (let part = 0; part < parts.length; part++) {
        if (parts[part]!.length === counts[part]!) continue;
        const lag = (counts[part]! * dealt) / total - parts[part]!.length;
        if (lag > most) [behind, most] = [part, lag];
      }
      parts[behind]!.push(index);
    }
  }
  return parts.map((part) => part.sort((a, b) => a - b));
}

/** The elements in random order. */
export function shuffled<T>(items: readonly T[], stream: RandomStream): T[] {
  return Array.from(stream.permutation(items.length), (index) => items[index]!);
}

/** Joins the sentences that exist. */
export function sentences(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join(" ");
}

function requireCount(place: string, count: number): void {
  if (Number.isInteger(count) && count > 0) return;
  throw new UsageError({ place, problem: `must be a whole number above 0, found ${count}` });
}
