import type { Measurement } from "../../evaluation/index.js";
import type { ReproducedDatasetResult, ReproducedRow } from "../result.js";

/** A defence that was trained with more than one seed. */
export interface Seeds {
  readonly recipe: string;
  /** As in the first column of a table. */
  readonly title: string;
  readonly rows: readonly [ReproducedRow, ReproducedRow, ...ReproducedRow[]];
}

/** In row order; empty if every defence has one seed. */
export function severalSeeds({ rows }: ReproducedDatasetResult): readonly Seeds[] {
  return [...new Set(rows.map(({ recipe }) => recipe))].flatMap((recipe) => {
    const [first, second, ...others] = rows.filter((row) => row.recipe === recipe);
    if (first === undefined || second === undefined) return [];
    const own = [first, second, ...others] as const;
    return [{ recipe, title: `${first.title}, mean of ${own.length} seeds`, rows: own }];
  });
}

/** The mean accuracy over the seeds, and the smallest and the largest. */
export interface SeedMean {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
}

/** Undefined until every seed is measured, because a mean over some is not a mean over all. */
export function meanOf(measurements: readonly (Measurement | undefined)[]): SeedMean | undefined {
  const accuracies = measurements.flatMap((m) => m?.accuracy ?? []);
  if (accuracies.length < measurements.length) return undefined;
  return {
    mean: accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length,
    least: Math.min(...accuracies),
    most: Math.max(...accuracies),
  };
}
