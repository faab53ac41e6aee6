import type { Classifier } from "../models/index.js";
import type { Program } from "../runtime/index.js";
import { tensor, type Tensor } from "../tensor/index.js";
import type { UpdateGraph } from "./update-graph.js";
import { UPDATE } from "./update-names.js";

/** One validation, as in the log. */
export interface ValidationRecord {
  readonly step: number;
  readonly images: number;
  readonly clean: number;
  readonly robust: number | null;
}

/** The weights and statistics of the best validation, and its step. */
export interface BestWeights {
  readonly record: ValidationRecord;
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** Everything that a training needs to continue: the next step is a function of it and the settings. */
export interface TrainingState {
  /** Completed steps. */
  readonly step: number;
  /** Weights, statistics, the optimiser's slots and averages, by the update graph's names. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly best: BestWeights | undefined;
  readonly validations: readonly ValidationRecord[];
}

/** Names of everything that inference needs: parameters and buffers. */
export function weightNames(classifier: Classifier): readonly string[] {
  return [...classifier.parameters, ...classifier.buffers];
}

/** Step 0: the classifier's own weights, averages equal to them, optimiser slots at zero. */
export function initialState(
  classifier: Classifier,
  update: UpdateGraph,
  program: Pick<Program, "inputs">,
): TrainingState {
  const initial = new Map<string, Tensor>();
  for (const name of weightNames(classifier)) {
    const value = classifier.graph.initializers.get(name)!;
    initial.set(name, value);
    initial.set(UPDATE.ema(name), value);
  }
  const shapes = new Map(program.inputs.map((value) => [value.name, value.shape]));
  const tensors = new Map(
    update.state.map((name) => [name, initial.get(name) ?? tensor("float32", shapes.get(name)!)]),
  );
  return { step: 0, tensors, best: undefined, validations: [] };
}

/** Current parameters and buffers; frozen ones are the classifier's own. */
export function presentWeights(
  classifier: Classifier,
  { tensors }: Pick<TrainingState, "tensors">,
): ReadonlyMap<string, Tensor> {
  return new Map(
    weightNames(classifier).map((name) => [
      name,
      tensors.get(name) ?? classifier.graph.initializers.get(name)!,
    ]),
  );
}

/** The weights to validate and to export: the averages if there are any. */
export function shippedWeights(classifier: Classifier, state: TrainingState): ReadonlyMap<string, Tensor> {
  return new Map(
    Array.from(presentWeights(classifier, state), ([name, value]) => [
      name,
      state.tensors.get(UPDATE.ema(name)) ?? value,
    ]),
  );
}

/** Whether to keep `a` rather than `b`: by robust accuracy, then clean accuracy, then the later one. */
export function validatesBetter(a: ValidationRecord, b: ValidationRecord | undefined): boolean {
  if (b === undefined) return true;
  const [robustA, robustB] = [a.robust ?? 0, b.robust ?? 0];
  return robustA !== robustB ? robustA > robustB : a.clean >= b.clean;
}
