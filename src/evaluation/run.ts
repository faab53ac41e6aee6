import type { Target } from "../attacks/index.js";
import type { Dataset } from "../data/index.js";
import type { AnyClassifier } from "../models/index.js";
import type { RandomGenerator } from "../tensor/index.js";
import type { Budget } from "./budget.js";
import type { Decision } from "./decision.js";
import type { Kept } from "./kept.js";
import type { EvaluationPlan, PlannedMeasurement } from "./plan.js";

/** A running evaluation. */
export interface Run {
  readonly plan: EvaluationPlan;
  /** The part of the plan that applies to each model, by name. */
  readonly planned: ReadonlyMap<string, readonly PlannedMeasurement[]>;
  readonly dataset: Dataset;
  /** Places of the images that are attacked: all, or a shard's. */
  readonly places: readonly number[];
  readonly models: ReadonlyMap<string, AnyClassifier>;
  readonly targets: ReadonlyMap<string, Target>;
  /** Opens a further target, as these were opened. Whoever opens it disposes of it. */
  readonly open: (classifier: AnyClassifier) => Target;
  readonly random: RandomGenerator;
  /** Milliseconds. */
  readonly now: () => number;
  readonly signal?: AbortSignal | undefined;
  /** Each model's predictions for the clean images of the whole dataset, in order. */
  readonly clean: Map<string, readonly number[]>;
  /** Places of the images kept for display. */
  readonly shown: readonly number[];
  /** Those images as the headline's first attack left them, by model and place. */
  readonly adversarial: Map<string, Map<number, Float32Array>>;
  /** Receives the work done since the last call, in gradients. */
  readonly onWork: (label: string, spent: number) => void;
  /** Where outcomes are saved as they arrive. */
  readonly kept?: Kept | undefined;
  /** Its time budget. */
  readonly budget?: Budget | undefined;
  /** The decision that ends it, if there is one. */
  readonly decision?: Decision | undefined;
}
