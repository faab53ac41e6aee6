import { join } from "node:path";
import { pgd, runAttack, type Target, type ThreatModel } from "../attacks/index.js";
import type { Batch } from "../data/index.js";
import { datasetBatches } from "../evaluation/index.js";
import { openJournal } from "./journal.js";
import type { PlannedRow } from "./plan.js";
import type { Preset } from "./presets.js";
import { addClean, classify, emptyPredictions, type Predictions } from "./predictions.js";
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

/** ε from which the uniform gray image lies in every L∞ ball on [0, 1]. */
const GRAY = 0.5;
const GRAY_LEVEL = 0.5;

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
        let part = journal.get(name) as unknown as AttackedPart | undefined;
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
  const gray = new Set(whiteBox.map(({ epsilon }) => epsilon).filter((epsilon) => epsilon >= GRAY));
  return [
    ...whiteBox
      .map((attack) => ({ attack: pgd.name, draws: 1, ...attack }))
      .filter(({ draws }) => draws === 1 || randomised),
    ...Array.from(gray, (epsilon) => ({ attack: "gray-image", epsilon, steps: null, draws: 1 })),
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

async function attackBatch(
  target: Target,
  batch: Batch,
  { attack, epsilon, steps, draws }: PlannedAttack,
  signal: AbortSignal | undefined,
): Promise<AttackedPart> {
  const started = performance.now();
  const threat: ThreatModel = { norm: "linf", epsilon };
  if (attack !== pgd.name) return grayBatch(target, batch, started);
  const options = { steps: steps!, draws, keep: "success" } as const;
  const outcome = await runAttack(target, pgd, batch, threat, options, { random: RANDOM, signal });
  return {
    clean: Array.from(outcome.cleanPrediction),
    adversarial: Array.from(outcome.adversarialPrediction),
    stepSize: pgd.resolve(threat, options).stepSize,
    largestPerturbation: Math.max(...outcome.distance),
    nonFinite: outcome.nonFinite,
    forwardQueries: outcome.forwardQueries,
    gradientQueries: outcome.gradientQueries,
    seconds: (performance.now() - started) / 1000,
  };
}

/**
 * The uniform gray image for every one. As in the harness, an image that is misclassified as it stands counts
 * as broken even where its gray answer is classified correctly.
 */
async function grayBatch(target: Target, batch: Batch, started: number): Promise<AttackedPart> {
  const gray = new Float32Array(batch.images.length).fill(GRAY_LEVEL);
  const clean = await classify(target, batch, batch.images);
  const adversarial = await classify(target, batch, gray);
  return {
    clean,
    adversarial: adversarial.map((answer, i) => (answer === batch.labels[i] ? clean[i]! : answer)),
    stepSize: null,
    largestPerturbation: batch.images.reduce((most, x) => Math.max(most, Math.abs(x - GRAY_LEVEL)), 0),
    nonFinite: 0,
    forwardQueries: 2 * batch.size,
    gradientQueries: 0,
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
