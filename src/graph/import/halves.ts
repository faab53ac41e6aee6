import { codeOfDType, type Attribute, type Model, type ModelNode } from "../../onnx/index.js";
import { tensor, toNumbers, type DType, type Tensor } from "../../tensor/index.js";

const HALVES: ReadonlySet<DType> = new Set<DType>(["float16", "bfloat16"]);
const HALF_CODES: ReadonlySet<number> = new Set([...HALVES].map(codeOfDType));

/**
 * The model with every float16 and bfloat16 in it made float32, which holds all their values: its constants, inputs and
 * outputs, and what its Casts cast to. The same model where there are none.
 */
export function halvesAsFloats(model: Model): Model {
  const { graph } = model;
  const initializers = new Map([...graph.initializers].map(([name, data]) => [name, widened(data)]));
  const nodes = graph.nodes.map(widenedNode);
  const values = (list: typeof graph.inputs): typeof graph.inputs =>
    list.map((value) => (HALVES.has(value.dtype) ? { ...value, dtype: "float32" } : value));
  const isSame =
    nodes.every((node, i) => node === graph.nodes[i]) &&
    [...initializers].every(([name, data]) => data === graph.initializers.get(name)) &&
    [...graph.inputs, ...graph.outputs].every(({ dtype }) => !HALVES.has(dtype));
  if (isSame) return model;
  const [inputs, outputs] = [values(graph.inputs), values(graph.outputs)];
  return { ...model, graph: { ...graph, nodes, initializers, inputs, outputs } };
}

function widened(data: Tensor): Tensor {
  if (!HALVES.has(data.dtype)) return data;
  return tensor("float32", data.shape, Float32Array.from(toNumbers(data)));
}

function widenedNode(node: ModelNode): ModelNode {
  let changed = false;
  const attributes = new Map<string, Attribute>();
  for (const [name, attribute] of node.attributes) {
    const wide = widenedAttribute(name, attribute);
    changed ||= wide !== attribute;
    attributes.set(name, wide);
  }
  return changed ? { ...node, attributes } : node;
}

function widenedAttribute(name: string, attribute: Attribute): Attribute {
  if (attribute.kind === "int" && name === "to" && HALF_CODES.has(attribute.value)) {
    return { kind: "int", value: codeOfDType("float32") };
  }
  if (attribute.kind === "tensor" && HALVES.has(attribute.value.dtype)) {
    return { kind: "tensor", value: widened(attribute.value) };
  }
  return attribute;
}
