import type { Result, RuntimeInfo, ToolInfo } from "../evaluation/index.js";
import type { RegionSource } from "./datasets.js";
import type { MeasuredInput, MeasuredPicture } from "./measure-piece.js";
import type { Json } from "./piece.js";

/** The result of a reproduction, without the pictures. */
export interface ReproductionResult {
  readonly kind: "reproduction";
  readonly schemaVersion: 1;
  readonly tool: ToolInfo;
  readonly runtime: RuntimeInfo;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly preset: { readonly name: string; readonly description: string; readonly settings: Json };
  readonly datasets: readonly ReproducedDatasetResult[];
}

/** What was measured on one dataset. */
export interface ReproducedDatasetResult {
  readonly id: string;
  readonly title: string;
  /** How it was split and resized. */
  readonly description: string;
  /** Every accuracy, white-box and transfer, as `holdfast evaluate` writes it. */
  readonly result: Result;
  /** Names of the models that transferred images were made on. */
  readonly sources: Readonly<Record<string, string>>;
  readonly rows: readonly ReproducedRow[];
  readonly regionSource: RegionSource | null;
}

/** One row of Table 1, and the attention measures of Table 2. */
export interface ReproducedRow {
  /** Name in `result.models`. */
  readonly model: string;
  readonly recipe: string;
  readonly title: string;
  readonly seed: number;
  /** The attention measures, clean and under each attack; null until they are taken. */
  readonly measured: readonly MeasuredInput[] | null;
}

/** Pictures of the test images with the attention of each model: by dataset and model. They are photographs, so they are kept separate. */
export type ReproductionPictures = Readonly<
  Record<string, Readonly<Record<string, readonly MeasuredPicture[]>>>
>;
