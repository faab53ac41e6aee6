import type { Target } from "../attacks/index.js";
import type { Dataset } from "../data/index.js";
import type { AnyClassifier } from "../models/index.js";
import type { RandomGenerator } from "../tensor/index.js";
import type { Budget } from "./budget.js";
import type { Decision } from "./decision.js";
import type { Kept } from "./kept.js";
import type { EvaluationPlan, PlannedMeasurement } from "./plan.js";

/** An evaluation on its way. */
export interface Run {
  readonly plan: EvaluationPlan;
  /** What of the plan is done to each model, by its name. */
  readonly planned: ReadonlyMap<string, readonly PlannedMeasurement[]>;
  readonly dataset: Dataset;
  /** Places of the images that are attacked: all, or a shard's. */
  readonly places: readonly number[];
  readonly models: ReadonlyMap<string, AnyClassifier>;
  readonly targets: ReadonlyMap<string, Target>;
  readonly random: RandomGenerator;
  /** Milliseconds. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  /** What each model says of the clean images of the whole dataset, in their order. */
  readonly clean: Map<string, readonly number[]>;
  /** Places of the images that are kept for showing. */
  readonly shown: readonly number[];
  /** Those images as the headline's first attack left them, by model and place. */
  readonly adversarial: Map<string, Map<number, Float32Array>>;
  /** Is told what was spent since the last time, in gradients. */
  readonly onWork: (label: string, spent: number) => void;
  /** Where outcomes are kept as they come. */
  readonly kept?: Kept | undefined;
  /** The seconds that it is given. */
  readonly budget?: Budget | undefined;
  /** What it is to decide, where it ends with that. */
  readonly decision?: Decision | undefined;
}
