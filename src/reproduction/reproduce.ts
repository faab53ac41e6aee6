import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Compile } from "../attacks/index.js";
import { InterruptedError } from "../errors/index.js";
import type { ToolInfo } from "../evaluation/index.js";
import { toolInfo, tryLock } from "../files/index.js";
import { estimateSeconds, measureSpeeds } from "./estimate.js";
import { tasksOf } from "./kinds.js";
import type { Piece } from "./piece.js";
import type { ReproductionPlan } from "./plan.js";
import { selectPieces, type Selection } from "./select.js";
import { openStore } from "./store.js";
import { openTestImagesOnce, type Workplace } from "./work.js";

/** How often to check on other processes when there is nothing else to do. */
const POLL_MS = 500;

/** A piece in the plan. */
export interface PieceState {
  readonly piece: Piece;
  readonly state: "done" | "to do" | "another shard's";
  /** Estimated from a short measurement on this machine and the pieces already done. */
  readonly seconds: number;
}

/** Events of a running reproduction. */
export type ReproductionEvent =
  | { readonly type: "plan"; readonly pieces: readonly PieceState[] }
  | { readonly type: "piece"; readonly piece: Piece; readonly number: number; readonly count: number }
  | {
      readonly type: "progress";
      readonly piece: Piece;
      readonly done: number;
      readonly total: number;
      readonly text: string;
    }
  | { readonly type: "note"; readonly piece: Piece; readonly text: string }
  | { readonly type: "finished"; readonly piece: Piece; readonly seconds: number }
  /** It needs pieces of another shard that are not there yet. */
  | { readonly type: "waiting"; readonly piece: Piece };

/** Which part to do, where, and with what. */
export interface ReproduceOptions extends Selection {
  /** Folder of the reproduction, which will contain `pieces/`. */
  readonly out: string;
  readonly threads: number;
  /** The tool that the results name: this package by default. */
  readonly tool?: ToolInfo | undefined;
  /** Only plan. */
  readonly planOnly?: boolean | undefined;
}

/** Progress and cancellation of a reproduction. */
export interface ReproduceHooks {
  /** Called with each event as it happens. */
  readonly onEvent?: ((event: ReproductionEvent) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly compile?: Compile | undefined;
}

/** Its outcome. */
export interface Reproduced {
  readonly pieces: readonly PieceState[];
  /** Pieces left undone because other shards must come first. */
  readonly waiting: readonly Piece[];
}

/**
 * Does every unfinished piece of a plan, prerequisites first. It may be stopped or killed at
 * any moment and called again: finished pieces are kept, a training resumes from its newest checkpoint,
 * and the others from their last batch. Several processes may share the folder: the first one to lock a piece
 * does it, and the others take the next.
 *
 * @throws InterruptedError if the signal stopped it.
 * @example
 * ```ts
 * import {
 *   assembleReproduction,
 *   describeDataset,
 *   planReproduction,
 *   PRESETS,
 *   reproduce,
 *   writeReproduction,
 * } from "holdfast/reproduction";
 *
 * const plan = planReproduction(PRESETS["tiny"]!, [await describeDataset("flowers", {})]);
 * const options = { part: "all", out: "runs/tiny", threads: 2 } as const;
 * await reproduce(plan, options, { onEvent: (event) => console.error(event.type) });
 * const assembled = await assembleReproduction(plan, options);
 * if (assembled !== null) await writeReproduction(options.out, assembled);
 * ```
 */
export async function reproduce(
  plan: ReproductionPlan,
  options: ReproduceOptions,
  hooks: ReproduceHooks = {},
): Promise<Reproduced> {
  const { onEvent, signal } = hooks;
  const { out, threads, tool = toolInfo() } = options;
  const store = openStore(out);
  const { pieces, others } = selectPieces(plan, options);
  const seconds = await estimateSeconds(plan, store, await measureSpeeds(plan, threads));
  const states = (): PieceState[] =>
    pieces.map((piece) => ({
      piece,
      state: store.isDone(piece) ? "done" : others.has(piece.key) ? "another shard's" : "to do",
      seconds: seconds.get(piece.key)!,
    }));
  const todo = states().filter(({ state }) => state === "to do");
  onEvent?.({ type: "plan", pieces: states() });
  if (options.planOnly === true) return { pieces: states(), waiting: [] };
  const testImages = openTestImagesOnce(plan.preset.limit);
  const work = (piece: Piece): Workplace => ({
    store,
    testImages,
    preset: plan.preset,
    threads,
    tool,
    signal,
    compile: hooks.compile,
    onProgress: (done, total, text) => onEvent?.({ type: "progress", piece, done, total, text }),
    onNote: (text) => onEvent?.({ type: "note", piece, text }),
  });
  const tasks = new Map(tasksOf(plan).map((task) => [task.piece.key, task]));
  const left = new Set(todo.map(({ piece }) => piece));
  const count = left.size;
  const attempt = async (piece: Piece): Promise<"done" | "needs others" | "elsewhere"> => {
    if (store.isDone(piece)) return "done";
    if (!piece.needs.every((need) => store.isDone(need))) return "needs others";
    const unlock = await tryLock(join(await store.folder(piece), "lock"));
    if (unlock === undefined) return "elsewhere";
    try {
      // Another process may have finished it between the two checks.
      if (store.isDone(piece)) return "done";
      onEvent?.({ type: "piece", piece, number: count - left.size + 1, count });
      const started = performance.now();
      const result = await tasks.get(piece.key)!.run(work(piece));
      const took = (performance.now() - started) / 1000;
      await store.finish(piece, result, took);
      onEvent?.({ type: "finished", piece, seconds: took });
      return "done";
    } finally {
      await unlock();
    }
  };
  try {
    while (left.size > 0) {
      const found = { done: 0, elsewhere: 0, "needs others": 0 };
      for (const piece of left) {
        signal?.throwIfAborted();
        const state = await attempt(piece);
        found[state] += 1;
        if (state === "done") left.delete(piece);
      }
      if (found.done > 0) continue;
      if (found.elsewhere === 0) break;
      await setTimeout(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    throw new InterruptedError({
      place: out,
      problem: `was stopped with ${left.size} of ${pieces.length} pieces left`,
      remedy: "Run the same command again to continue.",
    });
  }
  for (const piece of left) onEvent?.({ type: "waiting", piece });
  return { pieces: states(), waiting: [...left] };
}
