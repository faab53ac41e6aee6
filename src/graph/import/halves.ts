import { codeOfDType, type Attribute, type Model, type ModelNode } from "../../onnx/index.js";
import { tensor, toNumbers, type DType, type Tensor } from "../../tensor/index.js";

type Types = ReadonlySet<DType>;
const HALVES: Types = new Set<DType>(["float16", "bfloat16"]);
const DOUBLES: Types = new Set<DType>(["float64"]);

/**
 * Converts every float16 and bfloat16 of a model to float32, which can hold all their values: constants, inputs,
 * outputs and the targets of Casts. Returns the same model if there are none.
 */
export function halvesAsFloats(model: Model): Model {
  return asFloats(model, HALVES);
}

/** Like {@link halvesAsFloats}, for float64. float32 keeps about seven of its digits. */
export function doublesAsFloats(model: Model): Model {
  return asFloats(model, DOUBLES);
}

function asFloats(model: Model, types: Types): Model {
  const { graph } = model;
  const initializers = new Map([...graph.initializers].map(([name, data]) => [name, converted(data, types)]));
  const nodes = graph.nodes.map((node) => convertedNode(node, types));
  const values = (list: typeof graph.inputs): typeof graph.inputs =>
    list.map((value) => (types.has(value.dtype) ? { ...value, dtype: "float32" } : value));
  const isSame =
    nodes.every((node, i) => node === graph.nodes[i]) &&
    [...initializers].every(([name, data]) => data === graph.initializers.get(name)) &&
    [...graph.inputs, ...graph.outputs].every(({ dtype }) => !types.has(dtype));
  if (isSame) return model;
  const [inputs, outputs] = [values(graph.inputs), values(graph.outputs)];
  return { ...model, graph: { ...graph, nodes, initializers, inputs, outputs } };
}

function converted(data: Tensor, types: Types): Tensor {
  if (!types.has(data.dtype)) return data;
  return tensor("float32", data.shape, Float32Array.from(toNumbers(data)));
}

function convertedNode(node: ModelNode, types: Types): ModelNode {
  let changed = false;
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    const wide = convertedAttribute(name, attribute, types);
    changed ||= wide !== attribute;
    attributes.set(name, wide);
  }
  return changed ? { ...node, attributes } : node;
}

function convertedAttribute(name: string, attribute: Attribute, types: Types): Attribute {
  if (attribute.kind === "int" && name === "to" && [...types].map(codeOfDType).includes(attribute.value)) {
    return { kind: "int", value: codeOfDType("float32") };
  }
  if (attribute.kind === "tensor" && types.has(attribute.value.dtype)) {
    return { kind: "tensor", value: converted(attribute.value, types) };
  }
  return attribute;
}
