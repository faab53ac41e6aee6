import {
  pgd,
  predictions,
  runAttack,
  type AttackBatch,
  type Target,
  type ThreatModel,
} from "../attacks/index.js";
import type { Batch } from "../data/index.js";
import { datasetBatches } from "../evaluation/index.js";
import { join } from "node:path";
import { openJournal } from "./journal.js";
import { readCrafted } from "./craft-piece.js";
import type { PlannedRow } from "./plan.js";
import { RANDOM, testImages, withTarget, type Workplace } from "./work.js";
import type { Json } from "./piece.js";

/** Predictions of one model on all the test images, as they stand or attacked. */
export interface Predictions {
  readonly prediction: readonly number[];
  /** Places of the images in their dataset. */
  readonly index: readonly number[];
  readonly label: readonly number[];
}

/** Predictions on the transferred images, by craft and number of iterations. */
export interface TransferResult {
  readonly clean: Predictions;
  readonly attacked: readonly {
    readonly setting: string;
    readonly epsilon: number;
    readonly iterations: number;
    readonly prediction: readonly number[];
  }[];
  readonly seconds: number;
}

export interface WhiteBoxResult {
  readonly clean: Predictions;
  readonly attacked: readonly {
    readonly attack: string;
    readonly epsilon: number;
    readonly steps: number | null;
    readonly stepSize: number | null;
    readonly prediction: readonly number[];
    /** Of all images, in pixel units. */
    readonly largestPerturbation: number;
    readonly nonFinite: number;
    readonly forwardQueries: number;
    readonly gradientQueries: number;
    readonly seconds: number;
  }[];
}

/** Scores a defended model on every set of adversarial images that was made elsewhere. */
export async function runTransfer(
  work: Workplace,
  { training, crafts, transfer }: PlannedRow,
): Promise<TransferResult> {
  const { store, preset, onProgress, signal } = work;
  const started = performance.now();
  const images = await testImages(work, training.dataset);
  const journal = await openJournal(join(await store.folder(transfer), "parts.jsonl"));
  const clean = emptyPredictions();
  const attacked = crafts.flatMap(({ setting, epsilon, iterations }) =>
    iterations.map((count) => ({ setting, epsilon, iterations: count, prediction: [] as number[] })),
  );
  await withTarget(work, training.piece, async (target) => {
    let number = 0;
    for await (const batch of datasetBatches(images, preset.batchSize)) {
      signal?.throwIfAborted();
      let part = journal.get(String(number)) as number[][] | undefined;
      if (part === undefined) {
        part = [await classify(target, batch, batch.images)];
        for (const craft of crafts) {
          for (const crafted of await readCrafted(store, craft, number))
            part.push(await classify(target, batch, crafted));
        }
        await journal.put(String(number), part);
      }
      addClean(clean, batch, part[0]!);
      attacked.forEach(({ prediction }, i) => prediction.push(...part[i + 1]!));
      number++;
      onProgress(clean.index.length, images.length, `${clean.index.length} images`);
    }
  });
  return { clean, attacked, seconds: (performance.now() - started) / 1000 };
}

/** One attack of the white-box mode: PGD, or the gray image where it lies in every ball. */
interface PlannedAttack {
  readonly attack: string;
  readonly epsilon: number;
  readonly steps: number | null;
}

/** ε from which the uniform gray image lies in every L∞ ball on [0, 1]. */
const GRAY = 0.5;

/** Attacks a defended model with its own gradient. */
export async function runWhiteBox(
  work: Workplace,
  { training, whiteBox }: PlannedRow,
): Promise<WhiteBoxResult> {
  const { store, preset, onProgress, signal } = work;
  const images = await testImages(work, training.dataset);
  const journal = await openJournal(join(await store.folder(whiteBox), "parts.jsonl"));
  const attacks: readonly PlannedAttack[] = [
    ...preset.whiteBox.map((attack) => ({ attack: pgd.name, ...attack })),
    ...new Set(preset.whiteBox.map(({ epsilon }) => epsilon).filter((epsilon) => epsilon >= GRAY)),
  ].map((attack) =>
    typeof attack === "number" ? { attack: "gray-image", epsilon: attack, steps: null } : attack,
  );
  const total = images.length * attacks.reduce((sum, { steps }) => sum + (steps ?? 1), 0);
  let done = 0;
  let clean = emptyPredictions();
  const attacked: WhiteBoxResult["attacked"][number][] = [];
  await withTarget(work, training.piece, async (target) => {
    for (const planned of attacks) {
      const parts: AttackedPart[] = [];
      clean = emptyPredictions();
      for await (const batch of datasetBatches(images, preset.batchSize)) {
        const name = `${planned.attack} ${planned.epsilon} ${planned.steps} ${parts.length}`;
        let part = journal.get(name) as unknown as AttackedPart | undefined;
        if (part === undefined) {
          signal?.throwIfAborted();
          part = await attackBatch(target, batch, planned, signal);
          await journal.put(name, part as unknown as Json);
        }
        parts.push(part);
        addClean(clean, batch, part.clean);
        done += batch.size * (planned.steps ?? 1);
        onProgress(done, total, `ε ${Number(planned.epsilon.toFixed(4))}, ${planned.steps ?? 0} steps`);
      }
      attacked.push(together(planned, parts));
    }
  });
  return { clean, attacked };
}

interface AttackedPart {
  readonly clean: readonly number[];
  readonly adversarial: readonly number[];
  readonly stepSize: number | null;
  readonly largestPerturbation: number;
  readonly nonFinite: number;
  readonly forwardQueries: number;
  readonly gradientQueries: number;
  readonly seconds: number;
}

async function attackBatch(
  target: Target,
  batch: Batch,
  { attack, epsilon, steps }: PlannedAttack,
  signal: AbortSignal | undefined,
): Promise<AttackedPart> {
  const started = performance.now();
  const threat: ThreatModel = { norm: "linf", epsilon };
  if (attack !== pgd.name) {
    return {
      clean: await classify(target, batch, batch.images),
      adversarial: await classify(target, batch, new Float32Array(batch.images.length).fill(0.5)),
      stepSize: null,
      largestPerturbation: Math.max(
        ...batch.images.reduce((most, x) => (Math.abs(x - 0.5) > most[0]! ? [Math.abs(x - 0.5)] : most), [0]),
      ),
      nonFinite: 0,
      forwardQueries: 2 * batch.size,
      gradientQueries: 0,
      seconds: (performance.now() - started) / 1000,
    };
  }
  const outcome = await runAttack(target, pgd, batch, threat, { steps: steps! }, { random: RANDOM, signal });
  return {
    clean: Array.from(outcome.cleanPrediction),
    adversarial: Array.from(outcome.adversarialPrediction),
    stepSize: pgd.resolve(threat, { steps: steps! }).stepSize,
    largestPerturbation: Math.max(...outcome.distance),
    nonFinite: outcome.nonFinite,
    forwardQueries: outcome.forwardQueries,
    gradientQueries: outcome.gradientQueries,
    seconds: (performance.now() - started) / 1000,
  };
}

function together(
  { attack, epsilon, steps }: PlannedAttack,
  parts: readonly AttackedPart[],
): WhiteBoxResult["attacked"][number] {
  const sum = (of: (part: AttackedPart) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    attack,
    epsilon,
    steps,
    stepSize: parts[0]!.stepSize,
    prediction: parts.flatMap(({ adversarial }) => adversarial),
    largestPerturbation: Math.max(...parts.map(({ largestPerturbation }) => largestPerturbation)),
    nonFinite: sum(({ nonFinite }) => nonFinite),
    forwardQueries: sum(({ forwardQueries }) => forwardQueries),
    gradientQueries: sum(({ gradientQueries }) => gradientQueries),
    seconds: sum(({ seconds }) => seconds),
  };
}

/** Classes that the target names for images of a batch, clean or not. */
async function classify(target: Target, batch: AttackBatch, images: Float32Array): Promise<number[]> {
  const places = new Uint32Array(target.batchSize);
  places.set(batch.indices);
  target.begin(places);
  const full = new Float32Array(target.batchSize * target.imageSize);
  full.set(images);
  return Array.from(predictions(await target.logits(full), batch.size, target.classCount));
}

function emptyPredictions(): { prediction: number[]; index: number[]; label: number[] } {
  return { prediction: [], index: [], label: [] };
}

function addClean(
  to: { prediction: number[]; index: number[]; label: number[] },
  { indices, labels }: Batch,
  prediction: readonly number[],
): void {
  to.index.push(...indices);
  to.label.push(...labels);
  to.prediction.push(...prediction);
}
