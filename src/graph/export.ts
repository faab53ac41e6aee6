import { InputError } from "../errors/index.js";
import { codeOfDType, type Attribute, type Model, type ModelNode, type ValueInfo } from "../onnx/index.js";
import type { DType, Tensor } from "../tensor/index.js";
import { INTERNAL_OPSET, specOf } from "./catalogue/index.js";
import { valueOf, type AttributeValue, type Dim, type Graph, type Node } from "./graph.js";

/** The IR version that belongs to opset 20. */
const IR_VERSION = 9;

/** What the ONNX model contains besides its graph. */
export interface ExportOptions {
  readonly metadata?: ReadonlyMap<string, string>;
  readonly producerVersion?: string;
}

/**
 * Converts a graph to an ONNX model of the internal opset. Symbolic dimensions keep their names.
 *
 * @throws InputError for an op that is not part of ONNX. {@link standardGraph} replaces those.
 */
export function modelFromGraph(graph: Graph<Dim>, options: ExportOptions = {}): Model {
  const info = (name: string): ValueInfo => {
    const { dtype, shape } = valueOf(graph, name);
    return { name, dtype, shape };
  };
  return {
    irVersion: IR_VERSION,
    producerName: "holdfast",
    producerVersion: options.producerVersion ?? "",
    opsets: new Map([["", INTERNAL_OPSET]]),
    metadata: options.metadata ?? new Map(),
    functions: [],
    graph: {
      name: graph.name,
      nodes: graph.nodes.map(exportNode),
      inputs: graph.inputs.map(info),
      outputs: graph.outputs.map(info),
      valueInfo: [],
      initializers: graph.initializers,
    },
  };
}

function exportNode(node: Node): ModelNode {
  if (specOf(node.op).internal === true) {
    throw new InputError({
      place: `node "${node.name}" (${node.op})`,
      problem: "is holdfast's own operator, which no other program reads",
      remedy: "Write standardGraph(graph), which uses only ONNX's operators.",
    });
  }
  const attributes = new Map<string, Attribute>();
  for (const [name, value] of Object.entries(node.attributes)) {
    attributes.set(name, exportAttribute(node, name, value));
  }
  return {
    name: node.name,
    opType: node.op,
    domain: "",
    inputs: node.inputs,
    outputs: node.outputs,
    attributes,
  };
}

function exportAttribute(node: Node, name: string, value: AttributeValue): Attribute {
  const kind = specOf(node.op).attributes[name]?.kind;
  switch (kind) {
    case "int":
    case "float":
      return { kind, value: value as number };
    case "string":
      return { kind, value: value as string };
    case "ints":
    case "floats":
      return { kind, value: value as readonly number[] };
    case "strings":
      return { kind, value: value as readonly string[] };
    case "dtype":
      return { kind: "int", value: codeOfDType(value as DType) };
    case "tensor":
      return { kind, value: value as Tensor };
    case undefined:
      throw new Error(`node "${node.name}" (${node.op}): attribute "${name}" is not in the catalogue`);
  }
}
