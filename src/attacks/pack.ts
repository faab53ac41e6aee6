import type { Answer, Asking, Query, Question } from "./asking.js";
import { STEP } from "./pgd-step.js";
import type { Answerer } from "./target.js";

/** One image under attack. */
export interface Job<T> {
  /** Its place among the jobs, to restore their order. */
  readonly place: number;
  /** Place of the image in its dataset, which addresses a randomised classifier's draws. */
  readonly index: number;
  /** Draws that the image had before; 0 by default. */
  readonly draw?: number;
  readonly start: () => Asking<T>;
}

/** Outcome of a job. */
export interface Done<T> {
  readonly place: number;
  readonly value: T;
  /** Evaluations of the model, counted in images. */
  readonly forwardQueries: number;
  readonly gradientQueries: number;
  /** Whether the gradient was zero or denormal in at least half of its evaluations; false without one. */
  readonly zeroGradient: boolean;
}

export interface PackOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called after each run with the number of images in it. */
  readonly onRun?: ((question: Question, images: number) => void) | undefined;
}

/** The smallest normal float32; a gradient below it has lost digits. */
export const SMALLEST_NORMAL = 2 ** -126;

interface Lane<T> {
  readonly job: Job<T>;
  readonly asking: Asking<T>;
  /** The question it is waiting on; none before it starts. */
  query: Query | undefined;
  draw: number;
  forward: number;
  gradient: number;
  /** Gradients with a known size, and those of them that were too small to be useful. */
  told: number;
  weak: number;
}

/**
 * Runs jobs side by side in full batches: a finished job makes room for the next, and of two questions the one that
 * fills a batch goes first. A job's outcome does not depend on the others or on the batch size. Jobs are
 * yielded as they finish, in any order.
 *
 * @throws the reason `signal` was aborted with, and whatever the answerer or a job throws.
 */
export async function* pack<T>(
  answerer: Answerer,
  jobs: AsyncIterable<Job<T>> | Iterable<Job<T>>,
  { signal, onRun }: PackOptions = {},
): AsyncGenerator<Done<T>> {
  const { batchSize } = answerer;
  const waiting = Symbol.asyncIterator in jobs ? jobs[Symbol.asyncIterator]() : jobs[Symbol.iterator]();
  let lanes: Lane<T>[] = [];
  let exhausted = false;
  const finished: Done<T>[] = [];
  const advance = (lane: Lane<T>, answer: Answer | undefined): boolean => {
    const next = answer === undefined ? lane.asking.next() : lane.asking.next(answer);
    if (next.done !== true) {
      lane.query = next.value;
      return true;
    }
    finished.push({
      place: lane.job.place,
      value: next.value,
      forwardQueries: lane.forward,
      gradientQueries: lane.gradient,
      zeroGradient: lane.told > 0 && 2 * lane.weak >= lane.told,
    });
    return false;
  };
  try {
    for (;;) {
      let group = largestGroup(lanes);
      // Twice a batch, so that one of two questions fills it.
      while (group.length < batchSize && lanes.length < 2 * batchSize && !exhausted) {
        const next = await waiting.next();
        if (next.done === true) exhausted = true;
        else {
          const lane = enter(next.value);
          if (advance(lane, undefined)) lanes.push(lane);
        }
        group = largestGroup(lanes);
      }
      yield* finished.splice(0);
      if (group.length === 0) return;
      signal?.throwIfAborted();
      const running = group.slice(0, batchSize);
      const { question } = running[0]!.query!;
      const answers = await answerer.answer(
        question,
        running.map(({ query }) => query!),
        running.map(({ job, draw }) => ({ index: job.index, draw })),
      );
      onRun?.(question, running.length);
      const left = new Set<Lane<T>>();
      running.forEach((lane, i) => {
        count(lane, question, answerer.drawsOf(question), answers[i]!);
        if (!advance(lane, answers[i])) left.add(lane);
      });
      if (left.size > 0) lanes = lanes.filter((lane) => !left.has(lane));
      yield* finished.splice(0);
    }
  } finally {
    await waiting.return?.(undefined);
  }
}

function enter<T>(job: Job<T>): Lane<T> {
  const { draw = 0 } = job;
  return { job, asking: job.start(), query: undefined, draw, forward: 0, gradient: 0, told: 0, weak: 0 };
}

function count<T>(lane: Lane<T>, { kind }: Question, draws: number, answer: Answer): void {
  lane.draw += draws;
  lane[kind] += draws;
  const peak = answer[STEP.gradientPeak]?.[0];
  if (peak === undefined) return;
  lane.told++;
  if (peak < SMALLEST_NORMAL) lane.weak++;
}

/** The lanes with the most frequent question, longest waiting first. */
function largestGroup<T>(lanes: readonly Lane<T>[]): readonly Lane<T>[] {
  const groups = new Map<string, Lane<T>[]>();
  for (const lane of lanes) {
    const { key } = lane.query!.question;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [lane]);
    else group.push(lane);
  }
  let largest: readonly Lane<T>[] = [];
  for (const group of groups.values()) if (group.length > largest.length) largest = group;
  return largest;
}
