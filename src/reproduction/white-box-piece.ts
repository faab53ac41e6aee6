import { join } from "node:path";
import { z } from "zod";
import {
  grayImage,
  holdsGrayImage,
  pgd,
  runAttack,
  type Target,
  type ThreatModel,
} from "../attacks/index.js";
import type { Batch } from "../data/index.js";
import { datasetBatches } from "../evaluation/index.js";
import { openJournal } from "./journal.js";
import type { PlannedRow } from "./plan.js";
import type { Preset } from "./presets.js";
import { addClean, emptyPredictions, type Predictions } from "./predictions.js";
import { loadDefended, RANDOM, testImages, withTarget, type Workplace } from "./work.js";

export interface WhiteBoxResult {
  readonly clean: Predictions;
  readonly attacked: readonly {
    readonly attack: string;
    readonly epsilon: number;
    readonly steps: number | null;
    readonly stepSize: number | null;
    /** Gradients averaged a step. */
    readonly draws: number;
    readonly prediction: readonly number[];
    /** Of all images, in pixel units. */
    readonly largestPerturbation: number;
    readonly nonFinite: number;
    readonly forwardQueries: number;
    readonly gradientQueries: number;
    readonly seconds: number;
  }[];
}

/** One attack of the white-box mode: PGD, or the gray image where it lies in every ball. */
interface PlannedAttack {
  readonly attack: string;
  readonly epsilon: number;
  readonly steps: number | null;
  readonly draws: number;
}

/** Attacks a defended model with its own gradient. */
export async function runWhiteBox(work: Workplace, row: PlannedRow): Promise<WhiteBoxResult> {
  const { store, preset, onProgress, signal } = work;
  const { training, whiteBox } = row;
  const images = await testImages(work, training.dataset);
  const journal = await openJournal(join(await store.folder(whiteBox), "parts.jsonl"));
  let done = 0;
  let clean = emptyPredictions();
  const attacked: WhiteBoxResult["attacked"][number][] = [];
  await withTarget(work, await loadDefended(work, row), async (target) => {
    const attacks = attacksOf(preset, target.randomised);
    const costOf = ({ steps, draws }: PlannedAttack): number => (steps ?? 1) * draws;
    const total = images.length * attacks.reduce((sum, attack) => sum + costOf(attack), 0);
    for (const planned of attacks) {
      const parts: AttackedPart[] = [];
      clean = emptyPredictions();
      for await (const batch of datasetBatches(images, preset.batchSize)) {
        const { attack, epsilon, steps, draws } = planned;
        const name = [attack, epsilon, steps, draws, preset.batchSize, parts.length].join(" ");
        let part = journal.get(name, partSchema);
        if (part === undefined) {
          signal?.throwIfAborted();
          part = await attackBatch(target, batch, planned, signal);
          await journal.put(name, part);
        }
        parts.push(part);
        addClean(clean, batch, part.clean);
        done += batch.size * costOf(planned);
        onProgress(done, total, `ε ${Number(epsilon.toFixed(4))}, ${steps ?? 0} steps`);
      }
      attacked.push(together(planned, parts));
    }
  });
  return { clean, attacked };
}

function attacksOf({ whiteBox }: Preset, randomised: boolean): readonly PlannedAttack[] {
  const epsilons = whiteBox.map(({ epsilon }) => epsilon);
  const gray = new Set(epsilons.filter((epsilon) => holdsGrayImage({ norm: "linf", epsilon })));
  return [
    ...whiteBox
      .map((attack) => ({ attack: pgd.name, draws: 1, ...attack }))
      .filter(({ draws }) => draws === 1 || randomised),
    ...Array.from(gray, (epsilon) => ({ attack: grayImage.name, epsilon, steps: null, draws: 1 })),
  ];
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

const count = z.int().min(0);
const size = z.number().min(0);
const partSchema: z.ZodType<AttackedPart> = z
  .object({
    clean: z.array(z.int()),
    adversarial: z.array(z.int()),
    stepSize: size.nullable(),
    largestPerturbation: size,
    nonFinite: count,
    forwardQueries: count,
    gradientQueries: count,
    seconds: size,
  })
  .refine(({ clean, adversarial }) => clean.length === adversarial.length, "not an answer for every image");

async function attackBatch(
  target: Target,
  batch: Batch,
  { attack, epsilon, steps, draws }: PlannedAttack,
  signal: AbortSignal | undefined,
): Promise<AttackedPart> {
  const started = performance.now();
  const threat: ThreatModel = { norm: "linf", epsilon };
  const context = { random: RANDOM, signal };
  const options =
    attack === pgd.name
      ? ({ steps: steps!, draws, keep: "success", objective: "cross-entropy" } as const)
      : null;
  const outcome =
    options === null
      ? await runAttack(target, grayImage, batch, threat, {}, context)
      : await runAttack(target, pgd, batch, threat, options, context);
  return {
    clean: Array.from(outcome.cleanPrediction),
    adversarial: Array.from(outcome.adversarialPrediction),
    stepSize: options === null ? null : pgd.resolve(threat, options).stepSize,
    largestPerturbation: Math.max(...outcome.distance),
    nonFinite: outcome.nonFinite,
    forwardQueries: outcome.forwardQueries,
    gradientQueries: outcome.gradientQueries,
    seconds: (performance.now() - started) / 1000,
  };
}

function together(
  { attack, epsilon, steps, draws }: PlannedAttack,
  parts: readonly AttackedPart[],
): WhiteBoxResult["attacked"][number] {
  const sum = (of: (part: AttackedPart) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    attack,
    epsilon,
    steps,
    draws,
    stepSize: parts[0]!.stepSize,
    prediction: parts.flatMap(({ adversarial }) => adversarial),
    largestPerturbation: Math.max(...parts.map(({ largestPerturbation }) => largestPerturbation)),
    nonFinite: sum(({ nonFinite }) => nonFinite),
    forwardQueries: sum(({ forwardQueries }) => forwardQueries),
    gradientQueries: sum(({ gradientQueries }) => gradientQueries),
    seconds: sum(({ seconds }) => seconds),
  };
}
