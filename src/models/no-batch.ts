/** Models of one image, without an axis for the batch. */
import type { Attribute, Model, ModelNode, ValueInfo } from "../onnx/index.js";
import { int64 } from "../tensor/index.js";

/** Most axes of an image. */
const RANK = 3;
/** Since then, Reshape reads the shape from an input. */
const RESHAPE_BY_INPUT = 5;

/**
 * The model with a batch of one in front of its image and its logits, with a notice, if its file says that it takes one
 * image, `[C, H, W]`, `[H, W, C]`, `[H, W]` or its pixels in a row, and gives one number per class, `[K]`.
 */
export function withBatch(model: Model, place: string, onNotice: (notice: string) => void): Model {
  const { graph } = model;
  const [image, ...others] = graph.inputs;
  const [output] = graph.outputs;
  if (others.length > 0 || !isImage(image) || !isScores(output, image.shape)) return model;
  if (model.opsets.get("")! < RESHAPE_BY_INPUT) return model;
  const [input, result] = [`${image.name}/batch`, `${output.name}/batch`];
  const reshape = (from: string, to: string, shape: string): ModelNode => ({
    name: to,
    opType: "Reshape",
    domain: "",
    inputs: [from, shape],
    outputs: [to],
    attributes: new Map<string, Attribute>(),
  });
  const batch = [1, ...output.shape];
  const shapes = new Map([
    [`${input}/shape`, int64([image.shape.length], image.shape)],
    [`${result}/shape`, int64([batch.length], batch)],
  ]);
  onNotice(`${place}: it takes one image at a time, without an axis for the batch; batches of 1 are used`);
  return {
    ...model,
    graph: {
      ...graph,
      nodes: [
        reshape(input, image.name, `${input}/shape`),
        ...graph.nodes,
        reshape(output.name, result, `${result}/shape`),
      ],
      inputs: [{ ...image, name: input, shape: [1, ...image.shape] }],
      outputs: [{ ...output, name: result, shape: batch }],
      initializers: new Map([...graph.initializers, ...shapes]),
    },
  };
}

type Sized = ValueInfo & { readonly shape: readonly number[] };

const isSized = (info: ValueInfo | undefined): info is Sized =>
  info?.shape?.every((dim) => typeof dim === "number") === true;

function isImage(info: ValueInfo | undefined): info is Sized {
  return isSized(info) && info.shape.length > 0 && info.shape.length <= RANK;
}

/** As many numbers as images could also be one number for each. */
function isScores(info: ValueInfo | undefined, image: readonly number[]): info is Sized {
  return isSized(info) && info.shape.length === 1 && info.shape[0]! > 1 && info.shape[0] !== image[0];
}
