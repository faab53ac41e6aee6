/** Attacks under observation: what an attack saw during its run, in addition to the harness's verdict. */
import type { Answer, Asking, Query } from "./asking.js";
import type { PlannedAttack, RunContext } from "./attack.js";
import { ballAround } from "./ball.js";
import type { AttackedImage } from "./harness.js";
import { judged, logitsOf, type Verdict } from "./judge.js";
import { pack, SMALLEST_NORMAL, type Done, type Job, type PackOptions } from "./pack.js";
import { STEP } from "./pgd-step.js";
import { argMax, marginOf, spreadOf } from "./scoring.js";
import type { Target } from "./target.js";

/** What an attack saw of the model during its run. */
export interface Walk {
  /**
   * At each gradient, the lead of the best other class over the label, in spreads of the clean image's logits: rising, and
   * above 0 if the prediction is wrong.
   */
  readonly leads: readonly number[];
  /** Those gradients that were zero, denormal or not finite. */
  readonly silent: number;
  /**
   * For an adversarial image that it saw inside the ball but did not return: `lost` if the model confirms it when run
   * again, `refuted` if not. Undefined if there was none. Not looked for on a randomised model, where one output says
   * little.
   */
  readonly success?: "lost" | "refuted" | undefined;
}

export interface Watched {
  readonly verdict: Verdict;
  readonly walk: Walk;
}

/** Rounding error of a projection in float32, for pixels in [0, 1]. */
const ROUNDING = 1e-5;

/** As {@link attackImages}, with what each attack saw. Untargeted attacks only. */
export function watchImages(
  target: Target,
  planned: PlannedAttack,
  images: Iterable<AttackedImage>,
  { random, ...options }: RunContext & PackOptions,
): AsyncGenerator<Done<Watched>> {
  const jobs = Array.from(images, ({ image, label, index }, place): Job<Watched> => {
    const about = {
      image,
      shape: target.imageShape,
      label,
      target: undefined,
      randomised: target.randomised,
      stream: (name: string, which?: number) => random.stream(name, index, which),
    };
    return { place, index, start: () => watched(planned, about) };
  });
  return pack(target, jobs, options);
}

function* watched(planned: PlannedAttack, about: Parameters<typeof judged>[1]): Asking<Watched> {
  const { image, label, randomised } = about;
  const ball = ballAround(planned.threat, image, about.shape);
  const leads: number[] = [];
  let [silent, spread] = [0, 0];
  let seen: Float32Array | undefined;
  const look = ({ question, rows }: Query, answer: Answer): void => {
    const logits = answer[STEP.logits] ?? answer[STEP.cleanLogits];
    const x = rows[STEP.image];
    if (logits === undefined || x === undefined) return;
    // The harness runs the clean image first.
    spread ||= spreadOf(logits, label);
    const peak = answer[STEP.gradientPeak]?.[0];
    if (question.kind === "gradient") leads.push(marginOf(logits, 0, logits.length, label) / spread);
    if (peak !== undefined && !(peak >= SMALLEST_NORMAL && peak < Infinity)) silent++;
    const isWrong = argMax(logits, 0, logits.length) !== label;
    if (isWrong && ball.distance(x) <= planned.threat.epsilon + ROUNDING) seen ??= x.slice();
  };
  const verdict = yield* observed(judged(planned, about), look);
  let success: Walk["success"];
  if (seen !== undefined && !verdict.success && !randomised) {
    const logits = yield* logitsOf(seen);
    success = argMax(logits, 0, logits.length) === label ? "refuted" : "lost";
  }
  return { verdict, walk: { leads, silent, success } };
}

/** Runs `asking`, and passes each question and its answer to `look`. */
function* observed<T>(asking: Asking<T>, look: (query: Query, answer: Answer) => void): Asking<T> {
  let next = asking.next();
  while (next.done !== true) {
    const query = next.value;
    const answer = yield query;
    look(query, answer);
    next = asking.next(answer);
  }
  return next.value;
}
