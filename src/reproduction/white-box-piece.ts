import { join } from "node:path";
import { z } from "zod";
import {
  costOf,
  grayImage,
  holdsGrayImage,
  pgd,
  planAttack,
  runAttack,
  type PlannedAttack,
  type Target,
  type ThreatModel,
} from "../attacks/index.js";
import type { Batch } from "../data/index.js";
import { datasetBatches } from "../evaluation/index.js";
import { openJournal } from "../files/index.js";
import { isRandomised, scoredImages } from "./cost.js";
import type { Kind } from "./kind.js";
import type { PlannedRow } from "./plan.js";
import type { Preset } from "./presets.js";
import {
  addClean,
  emptyPredictions,
  INCOMPLETE,
  isWhole,
  predictionsSchema,
  type Predictions,
} from "./predictions.js";
import { loadDefended, RANDOM, withTarget, type Workplace } from "./work.js";

export interface WhiteBoxResult {
  readonly clean: Predictions;
  readonly attacked: readonly {
    readonly attack: string;
    readonly epsilon: number;
    readonly steps: number | null;
    readonly stepSize: number | null;
    /** Gradients averaged per step. */
    readonly draws: number;
    readonly prediction: readonly number[];
    /** Largest over all images, in pixel units. */
    readonly largestPerturbation: number;
    readonly nonFinite: number;
    readonly forwardQueries: number;
    readonly gradientQueries: number;
    readonly seconds: number;
  }[];
}

const count = z.int().min(0);
const size = z.number().min(0);

const schema: z.ZodType<WhiteBoxResult> = z
  .object({
    clean: predictionsSchema,
    attacked: z.array(
      z.object({
        attack: z.string().min(1),
        epsilon: size,
        steps: count.nullable(),
        stepSize: size.nullable(),
        draws: z.int().min(1),
        prediction: z.array(z.int()),
        largestPerturbation: size,
        nonFinite: count,
        forwardQueries: count,
        gradientQueries: count,
        seconds: size,
      }),
    ),
  })
  .refine(isWhole, INCOMPLETE);

/** A defended model under attacks with its own gradient. */
export const whiteBox: Kind<"white-box"> = Object.freeze<Kind<"white-box">>({
  schema,
  run,
  cost: (preset, { recipe, training }) => {
    const each = preset.whiteBox.reduce(
      (sum, { steps, draws = 1 }) => sum + (draws === 1 || isRandomised(recipe) ? steps * draws : 0),
      0,
    );
    return { model: preset.model, gradients: scoredImages(preset, training.dataset) * each };
  },
});

/** Attacks a defended model with its own gradient. */
async function run(work: Workplace, row: PlannedRow): Promise<WhiteBoxResult> {
  const { store, preset, onProgress, signal } = work;
  const { training, whiteBox: piece } = row;
  const images = await work.testImages(training.dataset);
  const journal = await openJournal(join(await store.folder(piece), "parts.jsonl"));
  let done = 0;
  let clean = emptyPredictions();
  const attacked: WhiteBoxResult["attacked"][number][] = [];
  await withTarget(work, await loadDefended(work, row), async (target) => {
    const attacks = attacksOf(preset, target.randomised);
    const work = (planned: PlannedAttack): number => costOf(planned).gradient || 1;
    const total = images.length * attacks.reduce((sum, planned) => sum + work(planned), 0);
    for (const planned of attacks) {
      const parts: AttackedPart[] = [];
      clean = emptyPredictions();
      for await (const batch of datasetBatches(images, preset.batchSize)) {
        const { attack, threat } = planned;
        const steps = numberOf(planned, "steps");
        const settings = [attack.name, threat.epsilon, steps, numberOf(planned, "draws") ?? 1];
        const name = [...settings, preset.batchSize, parts.length].join(" ");
        let part = journal.get(name, partSchema);
        if (part === undefined) {
          signal?.throwIfAborted();
          part = await attackBatch(target, batch, planned, signal);
          await journal.put(name, part);
        }
        parts.push(part);
        addClean(clean, batch, part.clean);
        done += batch.size * work(planned);
        onProgress(done, total, `ε ${Number(threat.epsilon.toFixed(4))}, ${steps ?? 0} steps`);
      }
      attacked.push(together(planned, parts));
    }
  });
  return { clean, attacked };
}

/** The preset's runs of PGD, and the gray image if it lies in every ball. */
function attacksOf({ whiteBox }: Preset, randomised: boolean): readonly PlannedAttack[] {
  const linf = (epsilon: number): ThreatModel => ({ norm: "linf", epsilon });
  const gray = new Set(whiteBox.map(({ epsilon }) => epsilon).filter((each) => holdsGrayImage(linf(each))));
  return [
    ...whiteBox
      .filter(({ draws = 1 }) => draws === 1 || randomised)
      .map(({ epsilon, steps, draws = 1 }) =>
        planAttack(pgd, linf(epsilon), { steps, draws, keep: "success", objective: "cross-entropy" }),
      ),
    ...Array.from(gray, (epsilon) => planAttack(grayImage, linf(epsilon))),
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
  .refine(
    ({ clean, adversarial }) => clean.length === adversarial.length,
    "not one prediction for every image",
  );

async function attackBatch(
  target: Target,
  batch: Batch,
  planned: PlannedAttack,
  signal: AbortSignal | undefined,
): Promise<AttackedPart> {
  const started = performance.now();
  const outcome = await runAttack(target, planned, batch, { random: RANDOM, signal });
  return {
    clean: Array.from(outcome.cleanPrediction),
    adversarial: Array.from(outcome.adversarialPrediction),
    stepSize: numberOf(planned, "stepSize"),
    largestPerturbation: Math.max(...outcome.distance),
    nonFinite: outcome.nonFinite,
    forwardQueries: outcome.forwardQueries,
    gradientQueries: outcome.gradientQueries,
    seconds: (performance.now() - started) / 1000,
  };
}

/** An option of the attack; null if the attack does not have it. */
function numberOf({ options }: PlannedAttack, name: string): number | null {
  const value = options[name];
  return typeof value === "number" ? value : null;
}

function together(
  planned: PlannedAttack,
  parts: readonly AttackedPart[],
): WhiteBoxResult["attacked"][number] {
  const sum = (of: (part: AttackedPart) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    attack: planned.attack.name,
    epsilon: planned.threat.epsilon,
    steps: numberOf(planned, "steps"),
    draws: numberOf(planned, "draws") ?? 1,
    stepSize: parts[0]!.stepSize,
    prediction: parts.flatMap(({ adversarial }) => adversarial),
    largestPerturbation: Math.max(...parts.map(({ largestPerturbation }) => largestPerturbation)),
    nonFinite: sum(({ nonFinite }) => nonFinite),
    forwardQueries: sum(({ forwardQueries }) => forwardQueries),
    gradientQueries: sum(({ gradientQueries }) => gradientQueries),
    seconds: sum(({ seconds }) => seconds),
  };
}
