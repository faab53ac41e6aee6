import type { GraphBuilder, Value } from "../../graph/index.js";

/** An optimiser as data: stored in run folders and set by users. */
export type OptimiserSpec =
  | {
      readonly kind: "sgd";
      readonly momentum: number;
      readonly nesterov: boolean;
      /** L2 penalty added to the gradient. */
      readonly weightDecay: number;
    }
  | {
      readonly kind: "adam" | "adamw";
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      /** Added to the gradient by adam; subtracted from the weight, times the learning rate, by adamw. */
      readonly weightDecay: number;
    };

/** Inputs of one parameter's update, as values of the update graph. */
export interface UpdateInputs {
  readonly parameter: Value;
  readonly gradient: Value;
  /** One value per name of {@link OptimiserGraph.slots}, of the parameter's shape. */
  readonly state: readonly Value[];
  /** Scalars: they change from step to step, so they are fed. */
  readonly learningRate: Value;
  /** 1 − β₁ᵗ and 1 − β₂ᵗ of Adam, t from 1. */
  readonly biasCorrection1: Value;
  readonly biasCorrection2: Value;
  /** Whether weight decay applies to this parameter. */
  readonly decays: boolean;
}

export interface UpdateOutputs {
  readonly parameter: Value;
  readonly state: readonly Value[];
}

/** Emits the update of one parameter. */
export interface OptimiserGraph {
  /** State tensors per parameter, by name; all start at zero. */
  readonly slots: readonly string[];
  emit(g: GraphBuilder, inputs: UpdateInputs): UpdateOutputs;
}

/** x · constant */
export function scaled(g: GraphBuilder, value: Value, factor: number): Value {
  return factor === 1 ? value : g.op("Mul", [value, g.scalar(factor, value)]);
}
