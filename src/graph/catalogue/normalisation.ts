import { sameShape } from "../../tensor/index.js";
import type { Dim } from "../graph.js";
import { normaliseAxis, operator, ShapeError, type InferContext } from "../infer.js";

/** Normalisations over channels, groups and layers. */
export const NORMALISATION = {
  /** Over the axes from `axis` on; its statistics are 1 along them. */
  LayerNormalization: operator({
    inputs: [2, 3],
    outputs: [1, 3],
    trained: [1, 2],
    attributes: {
      axis: { kind: "int", default: -1 },
      epsilon: { kind: "float", default: 1e-5 },
      stash_type: { kind: "int", default: 1 },
    },
    infer: ({ input, optional, attributes }) => {
      const { dtype, shape } = input(0);
      const axis = normaliseAxis(attributes.axis, shape.length);
      const layer = shape.slice(axis);
      checkParameters({ input, optional }, layer);
      const statistic = { dtype, shape: [...shape.slice(0, axis), ...layer.map(() => 1)] };
      return [{ dtype, shape }, statistic, statistic];
    },
  }),
};

export type NormalisationOp = keyof typeof NORMALISATION;

/** Scale and bias, where there is one, are of the shape that is normalised together. */
function checkParameters(
  { input, optional }: Pick<InferContext, "input" | "optional">,
  expected: readonly Dim[],
): void {
  for (const [i, parameter] of [input(1), optional(2)].entries()) {
    if (parameter === undefined || sameShape(parameter.shape, expected)) continue;
    const name = i === 0 ? "scale" : "bias";
    throw new ShapeError(`its ${name} is [${parameter.shape.join(", ")}], expected [${expected.join(", ")}]`);
  }
}
