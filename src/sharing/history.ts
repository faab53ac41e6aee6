import type { Scalar } from "../evaluation/index.js";
import { fileNames } from "./text.js";

/** What a tracker is told of one training, or of the evaluation of one model. */
export interface History {
  readonly kind: "training" | "evaluation";
  /** As the user named it: may hold anything. */
  readonly name: string;
  readonly tool: { readonly name: string; readonly version: string };
  /** Unix time in seconds. */
  readonly began: number;
  /** Seconds that it took, so far. */
  readonly seconds: number;
  /** Undefined of a training that is under way, or goes on where it was stopped. */
  readonly ending: "finished" | "failed" | undefined;
  /** Keys as {@link keyOf} makes them. */
  readonly settings: Readonly<Record<string, Scalar>>;
  /** In the order in which they happened. */
  readonly points: readonly HistoryPoint[];
  readonly notes: readonly HistoryNote[];
}

/** What was measured at one step. */
export interface HistoryPoint {
  readonly step: number;
  /** Since the beginning. */
  readonly seconds: number;
  /** By metric, with keys as {@link keyOf} makes them; NaN where a loss was not finite. */
  readonly values: Readonly<Record<string, number>>;
}

/** A warning, or what the numbers do not show. */
export interface HistoryNote {
  readonly severity: "info" | "warning" | "serious";
  /** May hold names that users chose. */
  readonly text: string;
}

/** Points of one step as one; what is measured twice there is what came last. Steps rise. */
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

/** A folder for each, none twice: a model that was trained and evaluated has two. */
export function foldersOf(histories: readonly History[]): string[] {
  return fileNames(histories.map(({ name, kind }) => (kind === "training" ? name : `${name}-${kind}`)));
}
