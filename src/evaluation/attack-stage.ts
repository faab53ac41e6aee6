/** One attack on images of the dataset: first the saved outcomes, then the rest. */
import type { PlannedAttack } from "../attacks/index.js";
import { attackDataset } from "./attack-dataset.js";
import type { KeptOutcome } from "./kept.js";
import { FORWARD } from "./plan.js";
import type { Run } from "./run.js";

export interface StageRun {
  readonly planned: PlannedAttack;
  readonly places: readonly number[];
  /** Saved outcomes of this attack, by place. */
  readonly known: ReadonlyMap<number, KeptOutcome>;
  /** Whether its time is up; checked between batches. */
  readonly isOver: () => boolean;
  /** Receives the work done, in gradients. */
  readonly spend: (work: number) => void;
}

/** Ends an attack whose time is up. */
const OVER: unique symbol = Symbol("over");

/**
 * Attacks images of the dataset. Saved outcomes come first, whether or not there is time. When the time is up, images in
 * progress stay as they were.
 */
export async function* attackStage(
  run: Run,
  model: string,
  { planned, places, known, isOver, spend }: StageRun,
): AsyncGenerator<KeptOutcome & { readonly isKept: boolean }> {
  for (const place of places) {
    const each = known.get(place);
    if (each === undefined) continue;
    spend(each.outcome.gradientQueries + each.outcome.forwardQueries * FORWARD);
    run.budget?.add(each.seconds);
    yield { ...each, isKept: true };
  }
  const left = places.filter((place) => !known.has(place));
  if (left.length === 0 || isOver()) return;
  const time = new AbortController();
  let last = run.now();
  const outcomes = attackDataset(run.targets.get(model)!, run.dataset, planned, {
    random: run.random,
    signal: run.signal === undefined ? time.signal : AbortSignal.any([run.signal, time.signal]),
    places: left,
    onRun(kind, images) {
      spend(kind === "gradient" ? images : images * FORWARD);
      if (isOver()) time.abort(OVER);
    },
  });
  try {
    for await (const outcome of outcomes) {
      yield { outcome, seconds: (run.now() - last) / 1000, isKept: false };
      // Time spent on the outcome does not count as the attack's.
      last = run.now();
    }
  } catch (error) {
    if (error !== OVER) throw error;
  }
}
