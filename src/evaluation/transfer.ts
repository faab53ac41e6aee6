import { predictions, type Target } from "../attacks/index.js";
import type { Outcome } from "./attack-dataset.js";
import type { Run } from "./run.js";
import { createTally, type Tally } from "./tally.js";

/** Predictions of other models for an image, by model name, and the image's share of the seconds they took. */
export type Scored = Readonly<Record<string, { readonly prediction: number; readonly seconds: number }>>;

/** Scores models on images made on another model. */
export interface Transfers {
  readonly tallies: ReadonlyMap<string, Tally>;
  /** Collects outcomes until a batch is full, then scores them and passes the predictions to `onScored`. */
  readonly add: (outcome: Outcome, onScored?: (scored: Scored) => Promise<void>) => Promise<void>;
  /** An outcome that was scored before. */
  readonly know: (outcome: Outcome, scored: Scored) => void;
  /** Scores what is left. */
  readonly finish: () => Promise<void>;
}

interface Waiting {
  readonly outcome: Outcome;
  readonly onScored: ((scored: Scored) => Promise<void>) | undefined;
}

export function openTransfers(
  { targets, clean, now }: Pick<Run, "targets" | "clean" | "now">,
  others: readonly string[],
): Transfers {
  const tallies = new Map(others.map((other) => [other, createTally()]));
  const batchSize = Math.min(...others.map((other) => targets.get(other)!.batchSize));
  let waiting: Waiting[] = [];
  const know = (outcome: Outcome, scored: Scored): void => {
    for (const [other, tally] of tallies) {
      const { prediction, seconds } = scored[other]!;
      tally.add(outcome, { scored: { clean: clean.get(other)![outcome.place]!, adversarial: prediction } });
      tally.seconds += seconds;
    }
  };
  const score = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const outcomes = waiting.map(({ outcome }) => outcome);
    const said = new Map<string, { readonly found: readonly number[]; readonly seconds: number }>();
    for (const other of others) said.set(other, await answersOf(targets.get(other)!, outcomes, now));
    for (const [i, { outcome, onScored }] of waiting.entries()) {
      const scored = Object.fromEntries(
        [...said].map(([other, { found, seconds }]) => [other, { prediction: found[i]!, seconds }]),
      );
      know(outcome, scored);
      await onScored?.(scored);
    }
    waiting = [];
  };
  return {
    tallies,
    know,
    async add(outcome, onScored) {
      waiting.push({ outcome, onScored });
      if (waiting.length >= batchSize) await score();
    },
    finish: score,
  };
}

/** A model's predictions for images under attack, and the seconds per image. */
async function answersOf(
  target: Target,
  outcomes: readonly Outcome[],
  now: () => number,
): Promise<{ readonly found: readonly number[]; readonly seconds: number }> {
  const started = now();
  const images = new Float32Array(outcomes.length * target.imageSize);
  outcomes.forEach(({ value }, i) => images.set(value.adversarial, i * target.imageSize));
  // A randomised model drew for the clean images first.
  const at = { indices: outcomes.map(({ index }) => index), draw: target.samples };
  const found = Array.from(predictions(await target.logits(images, at), outcomes.length, target.classCount));
  return { found, seconds: (now() - started) / 1000 / outcomes.length };
}
