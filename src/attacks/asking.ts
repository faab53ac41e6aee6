/**
 * How to write an attack: as a generator for one image that yields questions to the model and continues with the answers.
 * `pack.ts` answers them, and collects the questions of many images into full batches, so attacks need not know about
 * batches.
 */
import type { Graph } from "../graph/index.js";
import type { BoundClassifier } from "../models/index.js";

/** A graph that answers questions to a model, compiled at first use. */
export interface Question {
  /** Its name: equal keys mean the same graph. */
  readonly key: string;
  readonly kind: "forward" | "gradient";
  readonly build: (classifier: BoundClassifier) => Graph;
  /** Required outputs; all by default. */
  readonly outputs?: readonly string[];
}

/** One image's part of a question: its row of each input, by name. */
export interface Query {
  readonly question: Question;
  readonly rows: Readonly<Record<string, Float32Array>>;
}

/** One image's row of each output, by name. */
export type Answer = Readonly<Record<string, Float32Array>>;

/** A generator that asks questions and returns a `T`. */
export type Asking<T> = Generator<Query, T, Answer>;

/** Returns a `T` without asking. */
export function* unasked<T>(value: T): Asking<T> {
  yield* [];
  return value;
}

/** `const answer = yield* ask(question, rows)` */
export function* ask(question: Question, rows: Query["rows"]): Asking<Answer> {
  return yield { question, rows };
}
