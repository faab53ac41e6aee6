import { fromBinary } from "@bufbuild/protobuf";
import { InputError } from "../errors/index.js";
import { nearestSafeInteger, type Tensor } from "../tensor/index.js";
import { codeName, dtypeOfCode } from "./element-types.js";
import {
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type OperatorSetIdProto,
  type ValueInfoProto,
} from "./generated/onnx_pb.js";
import { otherFormat } from "./other-formats.js";
import type { Attribute, Model, ModelFunction, ModelGraph, ModelNode, ValueInfo } from "./model.js";
import { isKnownTensor, withoutText } from "./readable-outputs.js";
import { readTensor, type Fail, type ReadExternal } from "./read-tensor.js";

/** Options of {@link readModel}. */
export interface ReadOptions {
  /** The model's path, for messages. */
  readonly place: string;
  /** Reads external data. Without it, a model that needs such data is refused. */
  readonly external?: ReadExternal | undefined;
}

/** Deepest nesting of subgraphs. No classifier needs many levels, and each is a recursion. */
const DEEPEST = 32;

interface Reader {
  readonly external: ReadExternal;
  readonly fail: Fail;
}

/**
 * Reads an ONNX model from its bytes. Every tensor is an aligned copy.
 *
 * @throws InputError naming the tensor or node that is invalid.
 */
export function readModel(bytes: Uint8Array, { place, external }: ReadOptions): Model {
  const fail: Fail = (what, problem, remedy) => {
    throw new InputError({
      place: what === "" ? place : `${place}: ${what}`,
      problem,
      remedy: remedy ?? "Export the model again; this file is damaged or was not made by an ONNX exporter.",
    });
  };
  const refuseExternal: ReadExternal = ({ location }) =>
    fail(
      "",
      `keeps weights in another file ("${location}")`,
      "Read the model from its own file, with that one beside it.",
    );
  const reader: Reader = { external: external ?? refuseExternal, fail };
  const proto = parse(bytes, fail);
  if (proto.graph === undefined || proto.opsetImport.length === 0) {
    return refuse(bytes, "is not an ONNX model: it has no graph or no opset", fail);
  }
  checkLimits(proto.graph, fail);
  return {
    irVersion: Number(proto.irVersion),
    producerName: proto.producerName,
    producerVersion: proto.producerVersion,
    opsets: opsetsOf(proto.opsetImport),
    metadata: new Map(proto.metadataProps.map(({ key, value }) => [key, value])),
    graph: readGraph(proto.graph, reader, 0),
    functions: proto.functions.map((body) => readFunction(body, reader)),
  };
}

function parse(bytes: Uint8Array, fail: Fail): ModelProto {
  if (bytes.length === 0) fail("", "is empty");
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    const deep = cause instanceof Error && /call stack|depth|recursion|nest/i.test(cause.message);
    return refuse(bytes, deep ? "is nested too deeply" : "is not an ONNX model, or is truncated", fail);
  }
}

/** Fails, naming the actual format of the bytes if it is known. */
function refuse(bytes: Uint8Array, problem: string, fail: Fail): never {
  const other = otherFormat(bytes);
  return other === undefined
    ? fail("", problem)
    : fail("", `is not an ONNX model but ${other.name}`, other.remedy);
}

/** Limits for a graph: several times what the largest classifiers have. */
const MOST_NODES = 20_000;
const MOST_NODE_INPUTS = 10_000;

function checkLimits({ node }: GraphProto, fail: Fail): void {
  if (node.length > MOST_NODES) {
    fail(
      "",
      `has ${node.length} nodes; the limit is ${MOST_NODES}`,
      "Export a smaller model, without training nodes or unrolled loops.",
    );
  }
  const wide = node.find(({ input, output }) => Math.max(input.length, output.length) > MOST_NODE_INPUTS);
  if (wide !== undefined) {
    fail(
      `node "${wide.name || wide.output[0] || wide.opType}"`,
      `has ${wide.input.length} inputs and ${wide.output.length} outputs; the limit is ${MOST_NODE_INPUTS}`,
      "Split the node into several.",
    );
  }
}

function opsetsOf(imports: readonly OperatorSetIdProto[]): Map<string, number> {
  return new Map(imports.map(({ domain, version }) => [domain === "ai.onnx" ? "" : domain, Number(version)]));
}

function readGraph(proto: GraphProto, reader: Reader, depth: number): ModelGraph {
  const { fail } = reader;
  const { node, initializer: weights, output } = depth === 0 ? withoutText(proto) : proto;
  if (depth > DEEPEST) fail("", `has graphs nested more than ${DEEPEST} deep`);
  if (proto.sparseInitializer.length > 0) {
    fail(
      `initializer "${proto.sparseInitializer[0]!.values?.name ?? ""}"`,
      "is sparse, which is not supported",
      "Export the model with dense weights.",
    );
  }
  const initializers = new Map<string, Tensor>();
  for (const initializer of weights) {
    const what = `initializer "${initializer.name}"`;
    if (initializers.has(initializer.name)) fail(what, "appears twice");
    checkName(initializer.name, fail);
    initializers.set(initializer.name, readTensor(initializer, what, reader.external, fail));
  }
  return {
    name: proto.name,
    nodes: node.map((each) => readNode(each, reader, depth)),
    inputs: proto.input.filter(({ name }) => !initializers.has(name)).map((value) => readValue(value, fail)),
    outputs: output.map((value) => readValue(value, fail)),
    // Only tensors: sequences and maps inside a graph are described by the nodes that compute them.
    valueInfo: proto.valueInfo.filter(isKnownTensor).map((value) => readValue(value, fail)),
    initializers,
  };
}

function readValue({ name, type }: ValueInfoProto, fail: Fail): ValueInfo {
  checkName(name, fail);
  if (type?.value.case !== "tensorType") {
    return fail(`value "${name}"`, `is ${type?.value.case ?? "of no type"}, not a tensor`);
  }
  const { elemType, shape } = type.value.value;
  const dtype = dtypeOfCode(elemType);
  if (dtype === undefined)
    return fail(`value "${name}"`, `has elements of the unsupported type ${codeName(elemType)}`);
  const dims = shape?.dim.map(({ value }): number | string => {
    if (value.case === "dimParam") return value.value;
    // Exporters write −1 or 0 for "any".
    if (value.case !== "dimValue" || value.value <= 0n) return "";
    if (value.value >= 2n ** 31n) fail(`value "${name}"`, `has the absurd dimension ${value.value}`);
    return Number(value.value);
  });
  return { name, dtype, shape: dims };
}

/** Refuses `__proto__`, which cannot be an ordinary key of a JavaScript object. */
function checkName(name: string, fail: Fail): void {
  if (name === "__proto__") fail(`value "${name}"`, "has a reserved name", "Rename it.");
}

function readNode(node: NodeProto, reader: Reader, depth: number): ModelNode {
  for (const name of node.output) checkName(name, reader.fail);
  const attributes = new Map<string, Attribute>();
  for (const attribute of node.attribute) {
    const what = `node "${node.name || node.output[0] || node.opType}", attribute "${attribute.name}"`;
    attributes.set(attribute.name, readAttribute(attribute, what, reader, depth));
  }
  return {
    name: node.name,
    opType: node.opType,
    domain: node.domain === "ai.onnx" ? "" : node.domain,
    inputs: node.input,
    outputs: node.output,
    attributes,
  };
}

function readAttribute(proto: AttributeProto, what: string, reader: Reader, depth: number): Attribute {
  const { fail, external } = reader;
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  if (proto.refAttrName !== "") return { kind: "reference", value: proto.refAttrName };
  switch (proto.type) {
    case AttributeType.FLOAT:
      return { kind: "float", value: proto.f };
    case AttributeType.INT:
      return { kind: "int", value: nearestSafeInteger(proto.i) };
    case AttributeType.STRING:
      return { kind: "string", value: text(proto.s) };
    case AttributeType.TENSOR:
      return proto.t === undefined
        ? fail(what, "has no tensor")
        : { kind: "tensor", value: readTensor(proto.t, what, external, fail) };
    case AttributeType.GRAPH:
      return proto.g === undefined
        ? fail(what, "has no graph")
        : { kind: "graph", value: readGraph(proto.g, reader, depth + 1) };
    case AttributeType.FLOATS:
      return { kind: "floats", value: proto.floats };
    case AttributeType.INTS:
      return { kind: "ints", value: proto.ints.map(nearestSafeInteger) };
    case AttributeType.STRINGS:
      return { kind: "strings", value: proto.strings.map(text) };
    default:
      return fail(what, `is of a kind (${AttributeType[proto.type] ?? proto.type}) that is not supported`);
  }
}

function readFunction(proto: FunctionProto, reader: Reader): ModelFunction {
  return {
    name: proto.name,
    domain: proto.domain === "ai.onnx" ? "" : proto.domain,
    inputs: proto.input,
    outputs: proto.output,
    attributes: [...proto.attribute, ...proto.attributeProto.map(({ name }) => name)],
    defaults: new Map(
      proto.attributeProto.map((attribute) => [
        attribute.name,
        readAttribute(attribute, `function "${proto.name}", attribute "${attribute.name}"`, reader, 0),
      ]),
    ),
    nodes: proto.node.map((node) => readNode(node, reader, 0)),
    opsets: opsetsOf(proto.opsetImport),
  };
}
