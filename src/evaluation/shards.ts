/** Parts of an evaluation that other machines do, and how they tell that they belong together. */
import type { Dataset } from "../data/index.js";
import { UsageError } from "../errors/index.js";

/** Part `index` of `count`, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/**
 * Places of the images that a shard attacks: every `count`-th, so that a sample in the order of its classes gives every
 * shard some of each. All of them without a shard.
 *
 * @throws UsageError on a shard that there is not, or one without images.
 */
export function placesOfShard({ length }: Pick<Dataset, "length">, shard: Shard | undefined): number[] {
  const all = Array.from({ length }, (_, place) => place);
  if (shard === undefined) return all;
  const { index, count } = shard;
  if (!(Number.isInteger(index) && Number.isInteger(count) && index >= 1 && index <= count)) {
    throw new UsageError({
      place: `shard ${index}/${count}`,
      problem: "is none of them",
      remedy: "Count them from 1, as in 2/4: the second of four.",
    });
  }
  if (count > length) {
    throw new UsageError({
      place: `shard ${index}/${count}`,
      problem: `there ${length === 1 ? "is 1 image" : `are only ${length} images`}`,
      remedy: `Make at most ${length} shards of them.`,
    });
  }
  return all.filter((place) => place % count === index - 1);
}
