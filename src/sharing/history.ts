import type { Scalar } from "../evaluation/index.js";
import { fileNames } from "./text.js";

/** What a tracker receives about one training, or about the evaluation of one model. */
export interface History {
  readonly kind: "training" | "evaluation";
  /** Chosen by the user, so it may contain anything. */
  readonly name: string;
  readonly tool: { readonly name: string; readonly version: string };
  /** Unix time in seconds. */
  readonly began: number;
  /** Seconds taken so far. */
  readonly seconds: number;
  /** Undefined for a training that is running, or that was stopped and can be resumed. */
  readonly ending: "finished" | "failed" | undefined;
  /** Keys have letters, digits, `_`, `-` and `.`, with `/` between groups. */
  readonly settings: Readonly<Record<string, Scalar>>;
  /** In the order in which they happened. */
  readonly points: readonly HistoryPoint[];
  readonly notes: readonly HistoryNote[];
}

/** What was measured at one step. */
export interface HistoryPoint {
  readonly step: number;
  /** Since the start. */
  readonly seconds: number;
  /** By metric, with keys like those of the settings; NaN if a loss was not finite. */
  readonly values: Readonly<Record<string, number>>;
}

/** A warning, or what the numbers do not show. */
export interface HistoryNote {
  readonly severity: "info" | "warning" | "serious";
  /** May contain user-chosen names. */
  readonly text: string;
}

/** Merges the points of each step; if something was measured twice there, the last value counts. Steps ascend. */
export function byStep(points: readonly HistoryPoint[]): HistoryPoint[] {
  const merged = new Map<number, HistoryPoint>();
  for (const point of points) {
    const before = merged.get(point.step);
    merged.set(
      point.step,
      before === undefined ? point : { ...point, values: { ...before.values, ...point.values } },
    );
  }
  return [...merged.values()].sort((a, b) => a.step - b.step);
}

/** The last value of every metric. */
export function lastValues(points: readonly HistoryPoint[]): Record<string, number> {
  return Object.assign({}, ...byStep(points).map(({ values }) => values)) as Record<string, number>;
}

/** A unique folder for each history: a model that was trained and evaluated has two. */
export function foldersOf(histories: readonly History[]): string[] {
  return fileNames(histories.map(({ name, kind }) => (kind === "training" ? name : `${name}-${kind}`)));
}
