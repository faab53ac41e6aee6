/** Saves the outcomes of a running evaluation, so that a killed one continues where it was. */
import { rm } from "node:fs/promises";
import { z } from "zod";
import type { Dataset } from "../data/index.js";
import { placesOf } from "../data/index.js";
import { openJournal, sha256Of, type Journal } from "../files/index.js";
import type { Outcome } from "./attack-dataset.js";
import type { ModelUnderTest } from "./assemble.js";
import { isOpaque, type AnyClassifier } from "../models/index.js";
import { LEAST_ROWS } from "../runtime/index.js";
import { toNumbers } from "../tensor/index.js";
import type { ShardMarks, ToolInfo } from "./result/index.js";
import { planEvaluation, type EvaluateOptions } from "./plan.js";
import type { Scored } from "./transfer.js";

/** Outcomes by model, measurement, attack and image. */
export interface Kept {
  /** Saved outcomes of an attack, by place, with their share of its seconds. */
  outcomes(attack: string, places: readonly number[], dataset: Dataset): ReadonlyMap<number, KeptOutcome>;
  /** @param what.withImage whether to save the image under attack; `scored` has the predictions of other models. */
  put(
    attack: string,
    kept: KeptOutcome,
    what: { readonly withImage: boolean; readonly scored?: Scored | undefined },
  ): Promise<void>;
  /** A model's predictions for a batch of corrupted images. */
  answers(name: string): KeptAnswers | undefined;
  putAnswers(name: string, answers: KeptAnswers): Promise<void>;
  /** Number of outcomes found when it was opened. */
  readonly found: number;
  /** Devices other than the current one that computed some of them. */
  readonly others: readonly string[];
}

export interface KeptOutcome {
  readonly outcome: Outcome;
  readonly seconds: number;
  /** What other models predicted for the image, if it transferred to them. */
  readonly scored?: Scored | undefined;
}

export interface KeptAnswers {
  readonly predictions: readonly number[];
  readonly seconds: number;
}

const answersRow: z.ZodType<KeptAnswers> = z.object({
  predictions: z.array(z.int()),
  seconds: z.number().min(0),
});
const count = z.int().min(0);
const row = z.object({
  clean: z.int(),
  adversarial: z.int(),
  success: z.boolean(),
  distance: z.number().min(0),
  nonFinite: z.boolean(),
  zeroGradient: z.boolean(),
  forward: count,
  gradient: count,
  seconds: z.number().min(0),
  /** The image under attack in float32, if it will be shown. */
  image: z.base64().optional(),
  /** What other models predicted for it, by model name. */
  scored: z.record(z.string(), z.object({ prediction: z.int(), seconds: z.number().min(0) })).optional(),
});

const WHOSE = "evaluation";
/** Every device that computed outcomes, if one was not the CPU. */
const ON = "devices";
/** Constants with at most this many numbers are compared one by one, such as means and deviations. */
const SMALL = 64;

/**
 * Opens the saved outcomes of this evaluation, or starts over if the file belongs to another one: other models, images or
 * attacks.
 *
 * @throws InputError if the file cannot be read or written.
 */
export async function openKept(
  path: string,
  models: readonly ModelUnderTest<AnyClassifier>[],
  dataset: Dataset,
  tool: ToolInfo,
  options: EvaluateOptions,
  device: string = "cpu",
): Promise<Kept> {
  const whose = sha256Of(JSON.stringify(signature(models, dataset, tool, options)));
  let journal = await openJournal(path);
  if (journal.get(WHOSE, z.string()) !== whose) {
    await rm(path, { force: true });
    journal = await openJournal(path);
    await journal.put(WHOSE, whose);
  }
  const said = journal.get(ON, z.array(z.string()));
  const found = journal.size - [WHOSE, ...(said === undefined ? [] : [ON])].length;
  const before = said ?? (found > 0 ? ["cpu"] : []);
  const all = [...new Set([...before, device])];
  if (all.length > before.length && all.join() !== "cpu") await journal.put(ON, all);
  // Also in every name: another evaluation may write to the same file at the same time.
  return keptIn(journal, whose.slice(0, 12), { found, others: before.filter((name) => name !== device) });
}

/**
 * Everything that outcomes depend on. That excludes the number of threads, the batch size from four images up, whether there
 * are checks, the shard, and the limits.
 */
function signature(
  models: readonly ModelUnderTest<AnyClassifier>[],
  dataset: Dataset,
  tool: ToolInfo,
  options: EvaluateOptions,
): Readonly<Record<keyof ShardMarks, unknown>> {
  const { name, split, length, labels, classNames } = dataset;
  const { threads: _threads, checks: _checks, scores: _scores, batchSize, ...plan } = planEvaluation(options);
  return {
    tool,
    models: models.map(({ name: called, info, classifier }) => [called, info.sha256, computed(classifier)]),
    plan: { ...plan, rows: Math.min(batchSize, LEAST_ROWS) },
    images: {
      name,
      split,
      classNames,
      labels: Array.from(labels),
      places: Array.from(
        placesOf(
          dataset,
          Uint32Array.from({ length }, (_, i) => i),
        ),
      ),
      files: Array.from({ length }, (_, i) => dataset.fileName(i)),
    },
  };
}

/** What the shards of one evaluation have in common. */
export function marksOf(...about: Parameters<typeof signature>): ShardMarks {
  const { tool, models, plan, images } = signature(...about);
  const mark = (part: unknown): string => sha256Of(JSON.stringify(part));
  return { tool: mark(tool), models: mark(models), plan: mark(plan), images: mark(images) };
}

/** What is computed, apart from the file's weights: its preprocessing, its output, and which rounding is straight-through. */
function computed(classifier: AnyClassifier): unknown {
  const { nodes, initializers } = isOpaque(classifier) ? classifier.preprocessing : classifier.graph;
  const small = [...initializers].filter(([, { data }]) => data.length <= SMALL);
  const numbers = small.map(([name, data]) => [name, Array.from(toNumbers(data))]);
  const output = isOpaque(classifier)
    ? [classifier.output, classifier.logarithm ?? false]
    : classifier.logits;
  // Attributes may hold 64-bit integers.
  return JSON.parse(
    JSON.stringify([nodes, numbers, output], (_, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    ),
  );
}

function keptIn(journal: Journal, whose: string, known: Pick<Kept, "found" | "others">): Kept {
  return {
    ...known,
    outcomes(attack, places, dataset) {
      const found = new Map<number, KeptOutcome>();
      for (const place of places) {
        const kept = journal.get(`${whose}/${attack}/${place}`, row);
        if (kept === undefined) continue;
        const { seconds, scored } = kept;
        found.set(place, { outcome: decode(kept, place, dataset), seconds, scored });
      }
      return found;
    },
    answers: (name) => journal.get(`${whose}/${name}`, answersRow),
    putAnswers: (name, { predictions, seconds }) => journal.put(`${whose}/${name}`, { predictions, seconds }),
    async put(attack, { outcome, seconds }, { withImage, scored }) {
      const { value } = outcome;
      await journal.put(`${whose}/${attack}/${outcome.place}`, {
        clean: value.cleanPrediction,
        adversarial: value.adversarialPrediction,
        success: value.success,
        distance: value.distance,
        nonFinite: value.nonFinite,
        zeroGradient: outcome.zeroGradient,
        forward: outcome.forwardQueries,
        gradient: outcome.gradientQueries,
        seconds,
        ...(withImage && { image: encode(value.adversarial) }),
        ...(scored && { scored }),
      });
    },
  };
}

function decode(kept: z.infer<typeof row>, place: number, dataset: Dataset): Outcome {
  return {
    place,
    index: placesOf(dataset, Uint32Array.of(place))[0]!,
    label: dataset.labels[place]!,
    forwardQueries: kept.forward,
    gradientQueries: kept.gradient,
    zeroGradient: kept.zeroGradient,
    value: {
      adversarial: kept.image === undefined ? new Float32Array() : floatsOf(kept.image),
      cleanPrediction: kept.clean,
      adversarialPrediction: kept.adversarial,
      success: kept.success,
      distance: kept.distance,
      // Not saved, because no result contains them.
      cleanLoss: NaN,
      adversarialLoss: NaN,
      nonFinite: kept.nonFinite,
    },
  };
}

function encode(image: Float32Array): string {
  return Buffer.from(image.buffer, image.byteOffset, image.byteLength).toString("base64");
}

function floatsOf(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  return new Float32Array(bytes.buffer);
}
