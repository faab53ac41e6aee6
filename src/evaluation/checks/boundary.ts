/** Whether a model's scores say how near another class is. */
import { isEnough, logitsOf, marginOf, pack, type Asking, type Job } from "../../attacks/index.js";
import { readBatch } from "../batches.js";
import type { BoundaryScores } from "../result/index.js";
import type { Run } from "../run.js";
import { spread } from "./spread.js";

/** Most images to look at. */
const IMAGES = 16;
/** Bisections of each line: its place of change is known to 1/4096 of its length. */
const BISECTIONS = 12;
/** Just before the class changes, an honest lead is near 0; one above this share of the clean lead drops off a cliff. */
const CLIFF = 0.5;

/**
 * Follows straight lines from surviving images to images that get another class, and bisects for the place where the
 * class changes. If the model sees only one class in all images, the lines lead to the images' negatives. Where the scores are continuous and not saturated, the lead z_y − max_{k≠y} z_k falls to 0 there.
 * If it does not, it says nothing about the decision, and attacks that follow it, by gradients or by queries, are blind.
 *
 * @param standing places of the survivors, ascending.
 * @returns undefined if nothing survived, or if the model gives no scores or new ones each time; `images` is 0 if the class changes on no line.
 */
export async function lookAtBoundary(
  run: Run,
  model: string,
  standing: readonly number[],
): Promise<BoundaryScores | undefined> {
  const target = run.targets.get(model)!;
  if (standing.length === 0 || target.randomised || !isEnough(target.access, "logits")) return undefined;
  const looked = spread(standing, IMAGES);
  const ends = looked.map((place) => otherClass(run, model, place));
  const { imageSize } = target;
  const { images, labels, indices } = await readBatch(
    run.dataset,
    Uint32Array.from(looked.flatMap((place, i) => [place, ends[i] ?? place])),
    imageSize,
  );
  const imageAt = (i: number): Float32Array => images.subarray(i * imageSize, (i + 1) * imageSize);
  const jobs = looked.map((_, i): Job<number | undefined> => {
    const image = imageAt(2 * i);
    const end = ends[i] === undefined ? image.map((x) => 1 - x) : imageAt(2 * i + 1);
    return { place: i, index: indices[2 * i]!, start: () => shareKept(image, end, labels[2 * i]!) };
  });
  const kept: number[] = [];
  for await (const { value } of pack(target, jobs, { signal: run.signal })) {
    if (value !== undefined) kept.push(value);
  }
  return { images: kept.length, cliffs: kept.filter((share) => share > CLIFF).length };
}

/** The next image after this one, in a circle, that the model sees as another class. */
function otherClass({ clean, dataset }: Run, model: string, place: number): number | undefined {
  const seen = clean.get(model)!;
  for (let k = 1; k < dataset.length; k++) {
    const other = (place + k) % dataset.length;
    if (seen[other] !== seen[place]) return other;
  }
  return undefined;
}

/**
 * The lead at the last point before the class changes, as a share of the clean lead; undefined if the class is the same at the end, or
 * changes too near the start to tell.
 */
function* shareKept(from: Float32Array, to: Float32Array, label: number): Asking<number | undefined> {
  const leadAt = function* (t: number): Asking<number> {
    const logits = yield* logitsOf(from.map((x, i) => x + t * (to[i]! - x)));
    return -marginOf(logits, 0, logits.length, label);
  };
  const clean = yield* leadAt(0);
  if ((yield* leadAt(1)) > 0) return undefined;
  let [inside, outside, lead] = [0, 1, clean];
  for (let k = 0; k < BISECTIONS; k++) {
    const middle = (inside + outside) / 2;
    const there = yield* leadAt(middle);
    if (there > 0) [inside, lead] = [middle, there];
    else outside = middle;
  }
  return inside === 0 || !(clean > 0) ? undefined : lead / clean;
}
