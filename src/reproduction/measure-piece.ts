import { join } from "node:path";
import { z } from "zod";
import { argMax, forwardGraph, oneHot, pgd, planAttack, runAttack, STEP } from "../attacks/index.js";
import type { Batch, Dataset } from "../data/index.js";
import {
  attentionShift,
  datasetBatches,
  encodeMap,
  encodeRaster,
  regionActivation,
  SALIENCY,
  saliencyGraph,
  salientRegion,
  upsample,
  type Raster,
} from "../evaluation/index.js";
import { bindForInference, drawRandomInputs, gridOf, type BoundClassifier } from "../models/index.js";
import { compile } from "../runtime/index.js";
import { sizeOf, tensor, zeroPadded, type Tensor } from "../tensor/index.js";
import { readCrafted } from "./craft-piece.js";
import { openJournal } from "../files/index.js";
import { FORWARD, scoredImages } from "./cost.js";
import type { Kind } from "./kind.js";
import { measuredInputSchema, pictureSchema } from "./result-schema.js";
import type { PlannedRow } from "./plan.js";
import { logitsOf } from "./predictions.js";
import { loadDefended, loadTrained, RANDOM, openTarget, type Workplace } from "./work.js";

/** Means over the test images, for one kind of input and one group. */
export interface MeasuredGroup {
  readonly group: string;
  /** Number of images with a key region. */
  readonly regions: number;
  readonly inside: number | null;
  readonly outside: number | null;
  /** Against the clean image; 1 and 0 for the clean images themselves. */
  readonly cosine: number;
  readonly distance: number;
}

export interface MeasuredInput {
  /** `clean`, `gray-box`, `black-box` or `white-box`. */
  readonly setting: string;
  /** 0 for clean images. */
  readonly epsilon: number;
  readonly steps: number;
  readonly groups: readonly MeasuredGroup[];
}

/** One test image, the model's predictions for it clean and attacked, and its attention maps. */
export interface MeasuredPicture {
  readonly index: number;
  readonly fileName: string;
  readonly label: number;
  readonly region: Raster;
  readonly inputs: readonly {
    readonly setting: string;
    readonly epsilon: number;
    readonly prediction: number;
    readonly confidence: number;
    readonly image: Raster;
    /** One per group, upsampled to the image. */
    readonly maps: readonly Raster[];
  }[];
}

export interface MeasureResult {
  readonly inputs: readonly MeasuredInput[];
  readonly pictures: readonly MeasuredPicture[];
}

/** Sums over images, by input and group, which the journal keeps for each batch. */
type Sums = { [K in "images" | "regions" | "inside" | "outside" | "cosine" | "distance"]: number };
interface Part {
  readonly sums: readonly (readonly Sums[])[];
  readonly pictures: readonly MeasuredPicture[];
}

const sum = z.number();
const partSchema: z.ZodType<Part> = z.object({
  sums: z.array(
    z.array(z.object({ images: sum, regions: sum, inside: sum, outside: sum, cosine: sum, distance: sum })),
  ),
  pictures: z.array(pictureSchema),
});

/** Where a defended model looks, clean and attacked. */
export const measure: Kind<"measure"> = Object.freeze<Kind<"measure">>({
  schema: z.object({ inputs: z.array(measuredInputSchema), pictures: z.array(pictureSchema) }),
  run,
  cost: (preset, { training, crafts }) => ({
    model: preset.model,
    gradients:
      scoredImages(preset, training.dataset) * (preset.measured.whiteBox.steps + FORWARD * crafts.length),
  }),
});

/** Measures what the defended model looks at, clean and attacked: Figures 1, 4 and 5, Table 2, and how far the attention moved. */
async function run(work: Workplace, row: PlannedRow): Promise<MeasureResult> {
  const { store, preset, onProgress, signal } = work;
  const images = await work.testImages(row.training.dataset);
  const journal = await openJournal(join(await store.folder(row.measure), "parts.jsonl"));
  const looker = await openLooker(work, row, images);
  const parts: Part[] = [];
  try {
    for await (const batch of datasetBatches(images, preset.batchSize)) {
      signal?.throwIfAborted();
      const number = parts.length;
      let part = journal.get(String(number), partSchema);
      if (part === undefined) {
        part = await looker.measure(batch, number);
        await journal.put(String(number), part);
      }
      parts.push(part);
      const done = Math.min(images.length, parts.length * preset.batchSize);
      onProgress(done, images.length, `${done} images`);
    }
  } finally {
    await looker.dispose();
  }
  return {
    inputs: looker.inputs.map((input, i) => ({
      ...input,
      groups: looker.groups.map((group, j) =>
        groupOf(
          group,
          parts.map(({ sums }) => sums[i]![j]!),
        ),
      ),
    })),
    pictures: parts.flatMap(({ pictures }) => pictures),
  };
}

function groupOf(group: string, parts: readonly Sums[]): MeasuredGroup {
  const sum = (key: keyof Sums): number => parts.reduce((total, part) => total + part[key], 0);
  const regions = sum("regions");
  return {
    group,
    regions,
    inside: regions === 0 ? null : sum("inside") / regions,
    outside: regions === 0 ? null : sum("outside") / regions,
    cosine: sum("cosine") / sum("images"),
    distance: sum("distance") / sum("images"),
  };
}

interface Input {
  readonly setting: string;
  readonly epsilon: number;
  readonly steps: number;
}

interface Looker {
  readonly inputs: readonly Input[];
  readonly groups: readonly string[];
  measure(batch: Batch, number: number): Promise<Part>;
  dispose(): Promise<void>;
}

async function openLooker(work: Workplace, row: PlannedRow, images: Dataset): Promise<Looker> {
  const { preset, threads, store } = work;
  const classifier = await loadDefended(work, row);
  const bound = bindForInference(classifier, preset.batchSize);
  const forward = await (work.compile ?? compile)(forwardGraph(bound, { attention: true }), { threads });
  const regions = await openRegions(work, row, images);
  const crafts = row.crafts.filter(({ epsilon }) => preset.measured.epsilons.includes(epsilon));
  const { whiteBox } = preset.measured;
  const inputs: Input[] = [
    { setting: "clean", epsilon: 0, steps: 0 },
    ...crafts.map(({ setting, epsilon, iterations }) => ({ setting, epsilon, steps: iterations.at(-1)! })),
    { setting: "white-box", ...whiteBox },
  ];
  const target = openTarget(work, classifier);
  const planned = planAttack(
    pgd,
    { norm: "linf", epsilon: whiteBox.epsilon },
    { steps: whiteBox.steps, objective: "cross-entropy" },
  );
  const attackContext = { random: RANDOM, signal: work.signal };
  const look = async (pixels: Float32Array, batch: Batch): Promise<Record<string, Tensor>> => {
    // A randomised classifier sees both under the same draw.
    const places = zeroPadded(batch.indices, preset.batchSize);
    const drawn = drawRandomInputs(classifier, places, { random: RANDOM, purpose: "measure", draw: 0 });
    const shape = bound.graph.values.get(bound.image)!.shape as number[];
    return forward.run({
      [bound.image]: tensor("float32", shape, zeroPadded(pixels, sizeOf(shape))),
      ...drawn,
    });
  };
  return {
    inputs,
    groups: bound.taps.map(({ name }) => name),
    async measure(batch, number) {
      const pixels = [
        batch.images,
        ...(await Promise.all(
          crafts.map(async (craft) => (await readCrafted(store, craft, number, batch)).at(-1)!),
        )),
        (await runAttack(target, planned, batch, attackContext)).adversarial,
      ];
      const seen: Record<string, Tensor>[] = [];
      for (const each of pixels) seen.push(await look(each, batch));
      const masks = await regions.of(batch, number);
      const shown = chosenPictures(preset.measured.pictures, images, preset.batchSize, number);
      const answers: Float32Array[] = [];
      if (shown.length > 0) {
        for (const each of pixels) answers.push(await logitsOf(target, batch, each));
      }
      return {
        sums: seen.map((outputs) => sumsOf(bound, batch.size, masks, seen[0]!, outputs)),
        pictures: shown.map((i) => ({
          index: batch.indices[i]!,
          fileName: images.fileName(number * preset.batchSize + i),
          label: batch.labels[i]!,
          region: encodeMap(Float32Array.from(masks[i]!), images.height, images.width),
          inputs: inputs.map(({ setting, epsilon }, j) => ({
            setting,
            epsilon,
            ...pictureOf(bound, i, pixels[j]!, { logits: answers[j]!, maps: seen[j]! }),
          })),
        })),
      };
    },
    async dispose() {
      await target.dispose();
      await forward.dispose();
      await regions.dispose();
    },
  };
}

interface Regions {
  of(batch: Batch, number: number): Promise<Uint8Array[]>;
  dispose(): Promise<void>;
}

/** The dataset's masks, or what is salient to the undefended gray-box source; the same for every defence. */
async function openRegions(work: Workplace, row: PlannedRow, images: Dataset): Promise<Regions> {
  const area = images.height * images.width;
  const { mask } = images;
  const { batchSize } = work.preset;
  if (mask !== undefined) {
    return {
      of: (batch, number) =>
        Promise.all(
          Array.from({ length: batch.size }, async (_, i) => {
            const region = new Uint8Array(area);
            await mask(number * batchSize + i, region);
            return region;
          }),
        ),
      dispose: async () => {},
    };
  }
  const source = row.crafts.find(({ setting }) => setting === "gray-box")!.source;
  const bound = bindForInference(await loadTrained(work, source.piece), batchSize);
  const program = await (work.compile ?? compile)(saliencyGraph(bound), { threads: work.threads });
  const shape = bound.graph.values.get(bound.image)!.shape as number[];
  const classes = images.classNames.length;
  return {
    async of(batch) {
      const labels = zeroPadded(batch.labels, batchSize);
      const outputs = await program.run({
        [bound.image]: tensor("float32", shape, zeroPadded(batch.images, sizeOf(shape))),
        [STEP.oneHot]: tensor("float32", [batchSize, classes], oneHot(labels, classes)),
      });
      const saliency = outputs[SALIENCY]!.data as Float32Array;
      return Array.from({ length: batch.size }, (_, i) =>
        salientRegion(saliency.subarray(i * area, (i + 1) * area), [images.height, images.width]),
      );
    },
    dispose: () => program.dispose(),
  };
}

/** Places in the batch of the images to show: spread evenly over the test images, whatever the model. */
function chosenPictures(count: number, { length }: Dataset, batchSize: number, number: number): number[] {
  const chosen = Array.from({ length: count }, (_, k) => Math.floor(((k + 0.5) * length) / count));
  return chosen.map((place) => place - number * batchSize).filter((i) => i >= 0 && i < batchSize);
}

function sumsOf(
  { taps, graph, height, width }: BoundClassifier,
  size: number,
  masks: readonly Uint8Array[],
  clean: Record<string, Tensor>,
  outputs: Record<string, Tensor>,
): Sums[] {
  return taps.map((tap, j) => {
    const [h, w] = gridOf(graph, tap);
    const mapOf = (from: Record<string, Tensor>, i: number): Float32Array =>
      (from[STEP.cleanAttention(j)]!.data as Float32Array).subarray(i * h * w, (i + 1) * h * w);
    const sums: Sums = { images: size, regions: 0, inside: 0, outside: 0, cosine: 0, distance: 0 };
    for (let i = 0; i < size; i++) {
      const map = mapOf(outputs, i);
      const { cosine, distance } = attentionShift(mapOf(clean, i), map);
      sums.cosine += cosine;
      sums.distance += distance;
      const activation = regionActivation(upsample(map, [h, w], [height, width]), masks[i]!);
      if (activation === null) continue;
      sums.regions += 1;
      sums.inside += activation.inside;
      sums.outside += activation.outside;
    }
    return sums;
  });
}

function pictureOf(
  { taps, graph, channels, height, width, classNames }: BoundClassifier,
  i: number,
  pixels: Float32Array,
  { logits, maps }: { readonly logits: Float32Array; readonly maps: Record<string, Tensor> },
): Omit<MeasuredPicture["inputs"][number], "setting" | "epsilon"> {
  const size = channels * height * width;
  const classes = classNames.length;
  const prediction = argMax(logits, i * classes, classes);
  const row = logits.subarray(i * classes, (i + 1) * classes);
  const top = row[prediction]!;
  return {
    prediction,
    confidence: 1 / row.reduce((sum, value) => sum + Math.exp(value - top), 0),
    image: encodeRaster(pixels.slice(i * size, (i + 1) * size), { channels, height, width }),
    maps: taps.map((tap, j) => {
      const [h, w] = gridOf(graph, tap);
      const map = (maps[STEP.cleanAttention(j)]!.data as Float32Array).subarray(i * h * w, (i + 1) * h * w);
      return encodeMap(upsample(map, [h, w], [height, width]), height, width);
    }),
  };
}
