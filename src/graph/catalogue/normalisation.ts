import { sameShape } from "../../tensor/index.js";
import type { Dim } from "../graph.js";
import { checkInts, normaliseAxis, operator, ShapeError, type InferContext } from "../infer.js";

/** Normalisations over the batch, over channels and over layers. */
export const NORMALISATION = {
  /** Over the batch and space, for each channel on its own; in inference with running statistics. */
  BatchNormalization: operator({
    inputs: [5, 5],
    outputs: [1, 3],
    obligatoryOutputs: (attributes) => (attributes.training_mode === 1 ? 3 : 1),
    trained: [1, 2],
    running: [3, 4],
    attributes: {
      epsilon: { kind: "float", default: 1e-5 },
      momentum: { kind: "float", default: 0.9 },
      training_mode: { kind: "int", default: 0 },
    },
    infer: ({ input }) => [
      { dtype: input(0).dtype, shape: normalised(input) },
      { dtype: input(3).dtype, shape: input(3).shape },
      { dtype: input(4).dtype, shape: input(4).shape },
    ],
  }),
  /** Over the axes from `axis` on. The statistics have length 1 along these axes. */
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
  /** Over space, for each image and channel on its own. */
  InstanceNormalization: operator({
    inputs: [3, 3],
    outputs: [1, 1],
    trained: [1, 2],
    attributes: { epsilon: { kind: "float", default: 1e-5 } },
    infer: ({ input, optional }) => {
      const { dtype, shape } = input(0);
      const channels = channelsOf(shape);
      checkParameters({ input, optional }, [channels]);
      return [{ dtype, shape }];
    },
  }),
  /** Over `size` neighbouring channels, an odd number. */
  LRN: operator({
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: {
      alpha: { kind: "float", default: 1e-4 },
      beta: { kind: "float", default: 0.75 },
      bias: { kind: "float", default: 1 },
      size: { kind: "int", required: true },
    },
    infer: ({ input, attributes: { size } }) => {
      const { dtype, shape } = input(0);
      channelsOf(shape);
      if (shape.length !== 4)
        throw new ShapeError(`its input must be [N, C, h, w], found [${shape.join(", ")}]`);
      checkInts([size], "size", { count: 1, least: 1 });
      if (size % 2 === 0) throw new ShapeError(`its size must be odd, found ${size}`);
      return [{ dtype, shape }];
    },
  }),
};

export type NormalisationOp = keyof typeof NORMALISATION;

/** The shape of input 0. @throws ShapeError unless the next four inputs are vectors with one number per channel. */
function normalised(input: InferContext["input"]): readonly Dim[] {
  const { shape } = input(0);
  for (const i of [1, 2, 3, 4]) {
    const parameter = input(i).shape;
    if (parameter.length !== 1 || parameter[0] !== shape[1]) {
      throw new ShapeError(
        `input ${i} is [${parameter.join(", ")}], expected one number for each of ${shape[1]} channels`,
      );
    }
  }
  return shape;
}

function channelsOf(shape: readonly Dim[]): Dim {
  if (shape.length >= 3) return shape[1]!;
  throw new ShapeError(`input 0 must be [N, C, …spatial], found [${shape.join(", ")}]`);
}

/** @throws ShapeError unless the scale and the optional bias have the shape of the normalised axes. */
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
