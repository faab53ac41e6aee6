import type { Asking } from "./asking.js";
import type { Subject } from "./attack.js";
import type { Best } from "./best.js";
import type { CARDS, OptionsOf } from "./cards/index.js";
import { iterate } from "./iterate.js";
import type { LossAt } from "./loss-gradient.js";

/** Share of the way that goes along the new step; the rest goes on as before. */
const MOMENTUM = 0.75;
/** The first check of the step size comes after this share of the steps, each later one sooner by `SOONER`. */
const FIRST_CHECK = 0.22;
const SOONER = 0.03;
const SOONEST = 0.06;
/** Length of the first step, in radii. */
const FIRST_STEP = 2;

/** Options of a climb. */
export type ClimbOptions = Pick<OptionsOf<typeof CARDS.apgd.options>, "steps" | "rho" | "loss">;

/** What is known of the ball that is climbed in. */
export type Climbed = Pick<Subject, "ball" | "threat" | "randomised">;

/** A randomised model's single answers say little: it is attacked to the end. */
export const isDone = (best: Pick<Best, "succeeded">, { randomised }: Pick<Subject, "randomised">): boolean =>
  best.succeeded && !randomised;

/** One run of APGD. Every iterate is offered to `best`; ends at a success. */
export function* climb(
  subject: Climbed,
  lossAt: (x: Float32Array) => Asking<LossAt>,
  { steps, rho, loss }: ClimbOptions,
  start: Float32Array,
  best: Pick<Best, "offer" | "succeeded">,
): Asking<void> {
  const { ball, threat } = subject;
  const part = (share: number): number => Math.max(1, Math.floor(share * steps));
  let here = yield* lossAt(start);
  best.offer(start, here.logits);
  const top = { x: start, at: here };
  const check = { every: part(FIRST_CHECK), since: 0, rises: 0, top: here.loss, halved: true };
  // As in the reference, the first loss is compared with 0, and cross-entropy is above it.
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
  if (isDone(best, subject)) return;
  yield* iterate(start, steps, step, () => isDone(best, subject));
}
