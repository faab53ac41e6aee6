import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ballAround, pgdTrajectory, type ThreatModel } from "../attacks/index.js";
import type { Batch } from "../data/index.js";
import { InputError } from "../errors/index.js";
import { datasetBatches } from "../evaluation/index.js";
import { readFileChecked, replaceFile, sha256Of } from "../files/index.js";
import { decodeNpy, encodeNpy, tensor } from "../tensor/index.js";
import { scoredImages } from "./cost.js";
import type { Kind } from "./kind.js";
import type { PlannedCraft } from "./plan.js";
import type { Store } from "./store.js";
import { loadTrained, RANDOM, withTarget, type Workplace } from "./work.js";

/** The outcome of generating one transfer set. */
export interface Crafted {
  /** In batch order. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
  /** For each number of iterations. */
  readonly captures: readonly CraftedCapture[];
}

export interface CraftedCapture {
  /** L∞, pixel units, over the finite images. */
  largestPerturbation: number;
  /** Images with a NaN or infinite pixel; the clean image replaces each. */
  nonFinite: number;
}

const schema: z.ZodType<Crafted> = z.object({
  files: z
    .array(z.object({ name: z.string().regex(/^\d{5,}\.npy$/), sha256: z.string().regex(/^[0-9a-f]{64}$/) }))
    .min(1),
  captures: z.array(z.object({ largestPerturbation: z.number().min(0), nonFinite: z.int().min(0) })).min(1),
});

/** Adversarial images of an undefended model, for transfer. */
export const craft: Kind<"craft"> = Object.freeze<Kind<"craft">>({
  schema,
  run,
  cost: (preset, { dataset, source, iterations }) => ({
    model: source.model,
    gradients: scoredImages(preset, dataset) * iterations.at(-1)!,
  }),
});

/**
 * Makes the adversarial images of one source and ε: a file for each batch, `[captures, N, C, H, W]` in
 * float32. A batch whose file exists is not made again.
 */
async function run(work: Workplace, planned: PlannedCraft): Promise<Crafted> {
  const { store, preset, signal, onProgress } = work;
  const { dataset, epsilon, iterations, source, piece } = planned;
  const folder = await store.folder(piece);
  const images = await work.testImages(dataset);
  const threat: ThreatModel = { norm: "linf", epsilon };
  const options = { stepSize: preset.stepSize, randomStart: true, captures: iterations };
  const files: { name: string; sha256: string }[] = [];
  const captures = iterations.map((): CraftedCapture => ({ largestPerturbation: 0, nonFinite: 0 }));
  await withTarget(work, await loadTrained(work, source.piece), async (target) => {
    for await (const batch of datasetBatches(images, preset.batchSize)) {
      const name = `${String(files.length).padStart(5, "0")}.npy`;
      const path = join(folder, name);
      if (!existsSync(path)) {
        signal?.throwIfAborted();
        const kept = await pgdTrajectory(target, batch, threat, options, { random: RANDOM, signal });
        await replaceFile(path, encodeNpy(stack(kept, batch.size, target.imageShape)));
      }
      const bytes = await readFileChecked(path);
      files.push({ name, sha256: sha256Of(bytes) });
      capturesOf(bytes, iterations.length).forEach((crafted, i) =>
        tally(captures[i]!, threat, batch.images, crafted, target.imageSize),
      );
      const done = Math.min(files.length * preset.batchSize, images.length);
      onProgress(done, images.length, `${done} images`);
    }
  });
  return { files, captures };
}

function tally(
  capture: CraftedCapture,
  threat: ThreatModel,
  clean: Float32Array,
  crafted: Float32Array,
  imageSize: number,
): void {
  for (let start = 0; start < crafted.length; start += imageSize) {
    const [image, original] = [crafted, clean].map((of) => of.subarray(start, start + imageSize));
    if (!image!.every(Number.isFinite)) {
      capture.nonFinite++;
      continue;
    }
    const distance = ballAround(threat, original!).distance(image!);
    capture.largestPerturbation = Math.max(capture.largestPerturbation, distance);
  }
}

function stack(
  kept: readonly Float32Array[],
  size: number,
  [channels, height, width]: readonly [number, number, number],
): ReturnType<typeof tensor> {
  const each = size * channels * height * width;
  const all = new Float32Array(kept.length * each);
  kept.forEach((images, i) => all.set(images, i * each));
  return tensor("float32", [kept.length, size, channels, height, width], all);
}

/**
 * The images of one batch of a finished craft, one array for each number of iterations. The clean image replaces
 * any that is not finite.
 *
 * @throws InputError if its file is missing or has changed.
 */
export async function readCrafted(
  store: Store,
  { piece, iterations }: Pick<PlannedCraft, "piece" | "iterations">,
  number: number,
  { images, size }: Pick<Batch, "images" | "size">,
): Promise<Float32Array[]> {
  const { files } = await store.result(piece);
  const folder = await store.folder(piece);
  const { name, sha256 } = files[number]!;
  const bytes = await readFileChecked(join(folder, name));
  if (sha256Of(bytes) !== sha256) {
    throw new InputError({
      place: join(folder, name),
      problem: "has changed since it was written: its sha256 differs",
      remedy: `Delete the folder ${folder}; the images will be made again.`,
    });
  }
  const captures = capturesOf(bytes, iterations.length);
  const imageSize = images.length / size;
  for (const crafted of captures) {
    for (let start = 0; start < crafted.length; start += imageSize) {
      const image = crafted.subarray(start, start + imageSize);
      if (!image.every(Number.isFinite)) image.set(images.subarray(start, start + imageSize));
    }
  }
  return captures;
}

function capturesOf(bytes: Uint8Array, count: number): Float32Array[] {
  const data = decodeNpy(bytes).data as Float32Array;
  const each = data.length / count;
  return Array.from({ length: count }, (_, i) => data.subarray(i * each, (i + 1) * each));
}
