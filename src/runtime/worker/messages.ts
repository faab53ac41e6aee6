/** What a worker runtime and its thread say to each other. */
import type { PackedError } from "../../errors/index.js";
import type { Graph, Value } from "../../graph/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { Layout } from "../layouts.js";
import type { CompileOptions, Feeds } from "../program.js";

export type WorkerRequest = { readonly id: number } & (
  | {
      readonly kind: "compile";
      readonly program: number;
      readonly graph: Graph;
      readonly options: CompileOptions;
    }
  | {
      readonly kind: "run";
      readonly program: number;
      /** All that differs from the run before. */
      readonly feeds: Feeds;
      readonly fetch: readonly string[] | undefined;
    }
  | { readonly kind: "dispose"; readonly program: number }
);

/** Asks the thread to end. It answers nothing: the thread's end is the answer. */
export const END = "end";

/** Types of a compiled program. */
export interface Signature {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly onCpu: readonly string[];
  /** How maps lie in what this thread has compiled. */
  readonly layout: Layout | undefined;
}

export type WorkerReply = { readonly id: number } & (
  | { readonly kind: "compiled"; readonly signature: Signature }
  | { readonly kind: "ran"; readonly outputs: Readonly<Record<string, Tensor>> }
  | { readonly kind: "disposed" }
  | { readonly kind: "failed"; readonly failure: PackedError }
);
