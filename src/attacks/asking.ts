/**
 * How an attack is written: for one image, as a generator that asks for what the model says and goes on with the answer.
 * Who answers (`pack.ts`) puts the questions of many images into full batches, so that no attack knows of batches.
 */
import type { Graph } from "../graph/index.js";
import type { BoundClassifier } from "../models/index.js";

/** A graph that a model is asked through, compiled when it is first used. */
export interface Question {
  /** Its name: two of one key are the same graph. */
  readonly key: string;
  readonly kind: "forward" | "gradient";
  readonly build: (classifier: BoundClassifier) => Graph;
  /** Outputs that are wanted; all by default. */
  readonly outputs?: readonly string[];
}

/** One image's part of a question: its row of each input, by name. */
export interface Query {
  readonly question: Question;
  readonly rows: Readonly<Record<string, Float32Array>>;
}

/** One image's row of each output, by name. */
export type Answer = Readonly<Record<string, Float32Array>>;

/** What asks its way to a `T`. */
export type Asking<T> = Generator<Query, T, Answer>;

/** A `T` for which nothing is asked. */
export function* unasked<T>(value: T): Asking<T> {
  yield* [];
  return value;
}

/** `const answer = yield* ask(question, rows)` */
export function* ask(question: Question, rows: Query["rows"]): Asking<Answer> {
  return yield { question, rows };
}
