import { predictions } from "../attacks/index.js";
import type { Outcome } from "./attack-dataset.js";
import type { Run } from "./measure.js";
import { createTally, type Tally } from "./tally.js";

/** Scores one model on images that were made on another. */
export interface Transfer {
  readonly other: string;
  readonly tally: Tally;
  /** Keeps the outcome until a batch is full, and then scores it. */
  readonly add: (outcome: Outcome) => Promise<void>;
  /** Scores what is left. */
  readonly finish: () => Promise<void>;
}

export function openTransfer({ targets, clean }: Pick<Run, "targets" | "clean">, other: string): Transfer {
  const target = targets.get(other)!;
  const known = clean.get(other)!;
  const tally = createTally();
  let waiting: Outcome[] = [];
  const score = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const started = performance.now();
    const images = new Float32Array(waiting.length * target.imageSize);
    waiting.forEach(({ value }, i) => images.set(value.adversarial, i * target.imageSize));
    // A randomised model drew for the clean images first.
    const at = { indices: waiting.map(({ index }) => index), draw: target.samples };
    const said = predictions(await target.logits(images, at), waiting.length, target.classCount);
    waiting.forEach((outcome, i) => {
      tally.add(outcome, { scored: { clean: known[outcome.place]!, adversarial: said[i]! } });
    });
    waiting = [];
    tally.seconds += (performance.now() - started) / 1000;
  };
  return {
    other,
    tally,
    async add(outcome) {
      waiting.push(outcome);
      if (waiting.length === target.batchSize) await score();
    },
    finish: score,
  };
}
