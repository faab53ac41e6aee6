/** One attack on images of the dataset: what was kept of it, and then what is left. */
import type { PlannedAttack } from "../attacks/index.js";
import { attackDataset } from "./attack-dataset.js";
import type { KeptOutcome } from "./kept.js";
import { FORWARD } from "./plan.js";
import type { Run } from "./run.js";

export interface StageRun {
  readonly planned: PlannedAttack;
  readonly places: readonly number[];
  /** What was kept of it, by place. */
  readonly known: ReadonlyMap<number, KeptOutcome>;
  /** Whether its time is over; asked between two batches. */
  readonly isOver: () => boolean;
  /** Is told what was spent, in gradients. */
  readonly spend: (work: number) => void;
}

/** Ends an attack whose time is over. */
const OVER: unique symbol = Symbol("over");

/**
 * Attacks images of the dataset. What was kept comes first, and whether there is time or not. Where the time is over, images
 * that are under way are left as they were.
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
      // What is done with it is not the attack's time.
      last = run.now();
    }
  } catch (error) {
    if (error !== OVER) throw error;
  }
}
