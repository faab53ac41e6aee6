import { normLabel } from "../../attacks/cards/index.js";
import type { ThreatModel } from "../../attacks/index.js";
import type { Batch, Dataset } from "../../data/index.js";
import type { Explainer, Explanations, Method } from "../../explain/index.js";
import type { Classifier } from "../../models/index.js";
import type { Device } from "../../runtime/index.js";
import type { ExplainOptions } from "../commands/explain.js";
import { usualEpsilon } from "../images.js";
import type { Terminal } from "../terminal.js";
import { formatEpsilon } from "../values.js";

/** The explanations of one image in one row of its sheet. */
export interface ExplainedRow {
  readonly name: string;
  /** `[C, H, W]`. */
  readonly image: Float32Array;
  readonly predicted: string;
  readonly predictedClass: number;
  readonly confidence: number;
  /** The class whose logit is explained. */
  readonly explained: string;
  readonly explainedClass: number;
  readonly maps: ReadonlyMap<
    Method,
    { readonly height: number; readonly width: number; readonly data: Float32Array }
  >;
  /** `[C, H, W]`, of integrated gradients. */
  readonly attributions?: Float32Array | undefined;
  /** Σ attributions − (F(x) − F(0)), in logits. */
  readonly gap?: number | undefined;
}

export interface ExplainedImage {
  readonly file: string;
  readonly label: string;
  readonly labelClass: number;
  readonly rows: readonly ExplainedRow[];
}

export interface Explained {
  readonly methods: readonly Method[];
  readonly tap: string | undefined;
  readonly threat: ThreatModel | undefined;
  readonly shape: Pick<Dataset, "channels" | "height" | "width">;
  readonly images: readonly ExplainedImage[];
  /** Largest |gap| / |F(x) − F(0)| over all rows. */
  readonly gap: number | undefined;
}

interface Work {
  readonly classifier: Classifier;
  readonly dataset: Dataset;
  readonly terminal: Terminal;
  /** The device; undefined for the CPU. */
  readonly device: Device | undefined;
}

/** Most images per run; compared with the activations, an image takes little memory. */
const BATCH = 8;

/** A difference of logits below this counts as zero and is not divided by. */
const SMALLEST = 1e-6;

/** Attacks the images if requested, and explains both rows of each. */
export async function explainImages(options: ExplainOptions, work: Work): Promise<Explained> {
  const { createExplainer, findTap, METHODS, TAPPED } = await import("../../explain/index.js");
  const { createTarget } = await import("../../attacks/index.js");
  const { fixedBatchSize } = await import("../../models/index.js");
  const { batchWithin, readBatch } = await import("../../evaluation/index.js");
  const { classifier, dataset, terminal, device } = work;
  const methods = options.method === "all" ? METHODS : [options.method];
  const tap = methods.some((method) => TAPPED.has(method)) ? findTap(classifier, options.tap) : undefined;
  const batchSize =
    fixedBatchSize(classifier) ??
    (await batchWithin([classifier], {
      batchSize: Math.min(BATCH, options.batchSize, dataset.length),
      attack: options.attack,
      norm: options.norm,
      memory: options.memory,
      onWarning: (message) => terminal.warn(message),
    }));
  const common = { batchSize, seed: options.seed, threads: options.threads, compile: device?.compile };
  const { norm, epsilon } = options;
  const threat =
    options.attack === "none"
      ? undefined
      : { norm, epsilon: epsilon?.[0] ?? usualEpsilon(options.data, norm) };
  let done = 0;
  const state: { progress?: ReturnType<Terminal["progress"]> } = {};
  const explainer = await createExplainer(classifier, {
    ...common,
    methods,
    tap: options.tap,
    steps: options.integrationSteps,
    onRun: () => state.progress?.at(++done, ""),
  });
  const target = createTarget(classifier, common);
  const batches = Math.ceil(dataset.length / batchSize);
  state.progress = terminal.progress(batches * explainer.runs * (threat === undefined ? 1 : 2), "runs");
  const images: ExplainedImage[] = [];
  let gap: number | undefined;
  try {
    for (let start = 0; start < dataset.length; start += batchSize) {
      const places = Uint32Array.from(
        { length: Math.min(batchSize, dataset.length - start) },
        (_, i) => start + i,
      );
      const batch = await readBatch(dataset, places, target.imageSize);
      const seen = [await look("clean", places, batch, batch.images)];
      if (threat !== undefined)
        seen.push(
          await look(nameOf(options, threat), places, batch, await attacked(options, threat, target, batch)),
        );
      places.forEach((place, i) => {
        images.push({
          file: dataset.fileName(place),
          label: dataset.classNames[batch.labels[i]!]!,
          labelClass: batch.labels[i]!,
          rows: seen.map((row) => row.at(i)),
        });
      });
      for (const row of seen) if (row.gap !== undefined) gap = Math.max(gap ?? 0, row.gap);
    }
  } finally {
    state.progress.stop();
    await Promise.all([explainer.dispose(), target.dispose()]);
  }
  const { channels, height, width } = classifier;
  return { methods, tap: tap?.name, threat, shape: { channels, height, width }, images, gap };

  async function look(name: string, places: Uint32Array, batch: Batch, pixels: Float32Array): Promise<Seen> {
    return see({ name, places, batch, pixels, explainer, classifier, dataset, target, of: options.of });
  }
}

const nameOf = ({ attack }: ExplainOptions, { norm, epsilon }: ThreatModel): string =>
  `${attack.toUpperCase()}, ${normLabel(norm)} ${formatEpsilon(epsilon)}`;

type Target = ReturnType<(typeof import("../../attacks/index.js"))["createTarget"]>;

async function attacked(
  { attack, given, seed }: ExplainOptions,
  threat: ThreatModel,
  target: Target,
  batch: Batch,
): Promise<Float32Array> {
  const { planAttack, runAttack } = await import("../../attacks/index.js");
  const { attackNamed } = await import("../../evaluation/index.js");
  const { createGenerator } = await import("../../tensor/index.js");
  const planned = planAttack(attackNamed(attack), threat, given as never);
  return (await runAttack(target, planned, batch, { random: createGenerator(seed) })).adversarial;
}

/** Explains one row for all images of a batch. */
interface Seen {
  readonly at: (i: number) => ExplainedRow;
  readonly gap: number | undefined;
}

interface Looking {
  readonly name: string;
  /** Of the batch's images in `dataset`. */
  readonly places: Uint32Array;
  readonly batch: Batch;
  readonly pixels: Float32Array;
  readonly explainer: Explainer;
  readonly classifier: Classifier;
  readonly dataset: Dataset;
  readonly target: Target;
  readonly of: "predicted" | "label";
}

async function see({
  name,
  places,
  batch,
  pixels,
  explainer,
  classifier,
  dataset,
  target,
  of,
}: Looking): Promise<Seen> {
  const { crossEntropies, NO_CLASS, predictions } = await import("../../attacks/index.js");
  const { size, indices } = batch;
  const { classCount, imageSize } = target;
  const logits = await target.logits(pixels, { indices });
  const predicted = predictions(logits, size, classCount);
  const without = predicted.indexOf(NO_CLASS);
  if (without >= 0) {
    const { InputError } = await import("../../errors/index.js");
    throw new InputError({
      place: `${dataset.fileName(places[without]!)} (${name})`,
      problem: "the model's logits are NaN, so there is no predicted class to explain",
      remedy: "Check the model and its pixels (--mean, --std, --pixel-range), or leave out the image.",
    });
  }
  const losses = crossEntropies(logits, predicted, size, classCount);
  const classes = of === "label" ? batch.labels : predicted;
  const found: Explanations = await explainer.explain({ images: pixels, classes, indices });
  const names = classifier.unnamed === true ? dataset.classNames : classifier.classNames;
  const { integrated } = found;
  const share = integrated?.gap.map(
    (each, n) => Math.abs(each) / Math.max(Math.abs(integrated.difference[n]!), SMALLEST),
  );
  return {
    gap: share === undefined ? undefined : Math.max(...share),
    at: (i) => ({
      name,
      image: pixels.slice(i * imageSize, (i + 1) * imageSize),
      predicted: names[predicted[i]!]!,
      predictedClass: predicted[i]!,
      confidence: Math.exp(-losses[i]!),
      explained: names[classes[i]!]!,
      explainedClass: classes[i]!,
      maps: new Map(
        [...found.maps].map(([method, { height, width, data }]) => [
          method,
          { height, width, data: data.slice(i * height * width, (i + 1) * height * width) },
        ]),
      ),
      attributions: integrated?.attributions.slice(i * imageSize, (i + 1) * imageSize),
      gap: integrated?.gap[i],
    }),
  };
}
