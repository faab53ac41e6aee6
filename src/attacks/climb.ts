import type { Asking } from "./asking.js";
import type { Subject } from "./attack.js";
import { ballAround } from "./ball.js";
import type { Best } from "./best.js";
import type { CARDS, OptionsOf } from "./cards/index.js";
import { climbSparsely } from "./climb-sparsely.js";
import { iterate } from "./iterate.js";
import type { LossAt } from "./loss-gradient.js";

/** Weight of the new step; the rest continues the last move. */
const MOMENTUM = 0.75;
/** The first check of the step size comes after this share of the steps, each later one sooner by `SOONER`. */
const FIRST_CHECK = 0.22;
const SOONER = 0.03;
const SOONEST = 0.06;
/** Length of the first step, in radii: from one end of the ball to the other. */
const FIRST_STEP = 2;

/** A run in shrinking balls: their radii in ε, and the share of the steps that each of the wider two takes. */
const WIDER = [3, 2] as const;
const WIDER_STEPS = 0.3;

type Options = OptionsOf<typeof CARDS.apgd.options>;
/** Options of a climb. */
export type ClimbOptions = Pick<Options, "steps" | "rho" | "loss">;

/** Properties of the ball to climb in. */
export type Climbed = Pick<Subject, "ball" | "threat" | "randomised">;

/** Starting point of a run. */
export interface Start {
  /** In the given subject's ball, which may be wider than the run's own. */
  readonly in: (subject: Subject) => Float32Array;
  /** Whether nothing is known about the point, nor about how few elements need to move. */
  readonly isNoise: boolean;
}

/** Runs in the wider balls find images that are not allowed, so none of them counts. */
const NOTHING: Pick<Best, "offer" | "succeeded"> = { succeeded: false, offer: () => undefined };

/** Single outputs of a randomised model say little, so the run takes all its steps. */
export const isDone = (best: Pick<Best, "succeeded">, { randomised }: Pick<Subject, "randomised">): boolean =>
  best.succeeded && !randomised;

/**
 * One run of APGD. Every iterate is offered to `best`; ends at a success. With shrinking radii it climbs in a ball of 3 ε,
 * then of 2 ε from the best point there, then in its own (Croce & Hein 2021, arXiv:2103.01208, § 3.3).
 */
export function* climb(
  subject: Subject,
  lossAt: (x: Float32Array) => Asking<LossAt>,
  { radii = "constant", ...options }: ClimbOptions & Partial<Pick<Options, "radii">>,
  start: Start,
  best: Best,
): Asking<void> {
  const wider = radii === "shrinking" ? widerSteps(options.steps) : 0;
  let from: Float32Array | undefined;
  for (const radius of wider > 0 ? WIDER : []) {
    const around = widened(subject, radius);
    const x: Float32Array = from === undefined ? start.in(around) : around.ball.project(from.slice());
    from = yield* climbOnce(around, lossAt, { ...options, steps: wider }, { x, isNoise: false }, NOTHING);
  }
  const x = from === undefined ? start.in(subject) : subject.ball.project(from.slice());
  const isNoise = start.isNoise && from === undefined;
  yield* climbOnce(
    subject,
    lossAt,
    { ...options, steps: options.steps - wider * WIDER.length },
    { x, isNoise },
    best,
  );
}

/** Steps in each of the wider balls: as many as in the reference, but leaving at least one for the run's own ball. */
function widerSteps(steps: number): number {
  return Math.min(Math.ceil(WIDER_STEPS * steps), Math.floor((steps - 1) / WIDER.length));
}

function widened(subject: Subject, radius: number): Subject {
  const threat = { ...subject.threat, epsilon: radius * subject.threat.epsilon };
  return { ...subject, threat, ball: ballAround(threat, subject.image) };
}

/** @returns the point with the largest loss. */
function* climbOnce(
  subject: Subject,
  lossAt: (x: Float32Array) => Asking<LossAt>,
  options: ClimbOptions,
  { x: start, isNoise }: { readonly x: Float32Array; readonly isNoise: boolean },
  best: Pick<Best, "offer" | "succeeded">,
): Asking<Float32Array> {
  if (subject.threat.norm !== "l1") return yield* climbSteadily(subject, lossAt, options, start, best);
  const done = (): boolean => isDone(best, subject);
  return yield* climbSparsely(subject, lossAt, { steps: options.steps, start, isNoise, best, done });
}

/**
 * One run of APGD in one ball: L∞, L2 or a box.
 *
 * @returns the point with the largest loss.
 */
export function* climbSteadily(
  subject: Climbed,
  lossAt: (x: Float32Array) => Asking<LossAt>,
  { steps, rho, loss }: ClimbOptions,
  start: Float32Array,
  best: Pick<Best, "offer" | "succeeded">,
): Asking<Float32Array> {
  const done = (): boolean => isDone(best, subject);
  const { ball, threat } = subject;
  const part = (share: number): number => Math.max(1, Math.floor(share * steps));
  let here = yield* lossAt(start);
  best.offer(start, here.logits);
  const top = { x: start, at: here };
  const check = { every: part(FIRST_CHECK), since: 0, rises: 0, top: here.loss, halved: true };
  // As in the reference, the first loss is compared with 0; cross-entropy is above that.
  let before = loss === "cross-entropy" ? -Infinity : 0;
  let length = FIRST_STEP * threat.epsilon;
  let old = start;
  function* step(x: Float32Array, k: number): Asking<Float32Array> {
    const momentum = k === 0 ? 1 : MOMENTUM;
    const along = ball.project(ball.step(x, here.gradient, length));
    const next = ball.project(
      x.map((value, i) => value + (along[i]! - value) * momentum + (value - old[i]!) * (1 - momentum)),
    );
    old = x;
    here = yield* lossAt(next);
    best.offer(next, here.logits);
    check.rises += Number(here.loss > before);
    before = here.loss;
    if (here.loss > top.at.loss) [top.x, top.at] = [next, here];
    if (++check.since < check.every) return next;
    const halves = check.rises <= check.every * rho || (!check.halved && check.top >= top.at.loss);
    Object.assign(check, {
      every: Math.max(check.every - part(SOONER), part(SOONEST)),
      since: 0,
      rises: 0,
      top: top.at.loss,
      halved: halves,
    });
    if (!halves) return next;
    length /= 2;
    here = top.at;
    return top.x;
  }
  if (!done()) yield* iterate(start, steps, step, done);
  return top.x;
}
