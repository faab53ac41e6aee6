import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import type { Tensor } from "../tensor/index.js";
import { codeOfDType } from "./element-types.js";
import { fileBytes } from "./four-bits.js";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "./generated/onnx_pb.js";
import type { Attribute, Model, ModelFunction, ModelGraph, ModelNode, ValueInfo } from "./model.js";

/** Where a tensor's bytes are if they are not in the model itself. */
export interface ExternalLocation {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** Options of {@link writeModel}. */
export interface WriteOptions {
  /** Called for every initializer. If it returns a location, the bytes are left out of the model. */
  readonly external?: (name: string, data: Tensor) => ExternalLocation | undefined;
}

/** Encodes a model as an ONNX file. Tensors are always written as raw data. */
export function writeModel(model: Model, options: WriteOptions = {}): Uint8Array {
  const message = create(ModelProtoSchema, {
    irVersion: BigInt(model.irVersion),
    producerName: model.producerName,
    producerVersion: model.producerVersion,
    opsetImport: [...model.opsets].map(([domain, version]) => ({ domain, version: BigInt(version) })),
    metadataProps: [...model.metadata].map(([key, value]) => ({ key, value })),
    graph: graphMessage(model.graph, options),
    functions: model.functions.map((body) => functionMessage(body, options)),
  });
  return toBinary(ModelProtoSchema, message);
}

function graphMessage(graph: ModelGraph, options: WriteOptions): MessageInitShape<typeof GraphProtoSchema> {
  return {
    name: graph.name,
    node: graph.nodes.map((node) => nodeMessage(node, options)),
    input: graph.inputs.map(valueMessage),
    output: graph.outputs.map(valueMessage),
    valueInfo: graph.valueInfo.map(valueMessage),
    initializer: [...graph.initializers].map(([name, data]) =>
      tensorMessage(name, data, options.external?.(name, data)),
    ),
  };
}

function functionMessage(
  body: ModelFunction,
  options: WriteOptions,
): MessageInitShape<typeof FunctionProtoSchema> {
  const { name, domain, inputs, outputs, attributes, defaults, nodes, opsets } = body;
  return {
    name,
    domain,
    input: [...inputs],
    output: [...outputs],
    attribute: attributes.filter((each) => !defaults.has(each)),
    attributeProto: [...defaults].map(([each, value]) => attributeMessage(each, value, options)),
    node: nodes.map((node) => nodeMessage(node, options)),
    opsetImport: [...opsets].map(([each, version]) => ({ domain: each, version: BigInt(version) })),
  };
}

function valueMessage({ name, dtype, shape }: ValueInfo): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dims = shape?.map((dim) => ({
    value:
      typeof dim === "number"
        ? ({ case: "dimValue", value: BigInt(dim) } as const)
        : ({ case: "dimParam", value: dim } as const),
  }));
  return {
    name,
    type: {
      value: {
        case: "tensorType",
        value: { elemType: codeOfDType(dtype), ...(dims === undefined ? {} : { shape: { dim: dims } }) },
      },
    },
  };
}

function nodeMessage(node: ModelNode, options: WriteOptions): MessageInitShape<typeof NodeProtoSchema> {
  return {
    name: node.name,
    opType: node.opType,
    domain: node.domain,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: [...node.attributes].map(([name, attribute]) => attributeMessage(name, attribute, options)),
  };
}

function attributeMessage(
  name: string,
  attribute: Attribute,
  options: WriteOptions,
): MessageInitShape<typeof AttributeProtoSchema> {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  switch (attribute.kind) {
    case "float":
      return { name, type: AttributeType.FLOAT, f: attribute.value };
    case "int":
      return { name, type: AttributeType.INT, i: BigInt(attribute.value) };
    case "string":
      return { name, type: AttributeType.STRING, s: text(attribute.value) };
    case "tensor":
      return { name, type: AttributeType.TENSOR, t: tensorMessage("", attribute.value, undefined) };
    case "graph":
      return { name, type: AttributeType.GRAPH, g: graphMessage(attribute.value, options) };
    case "floats":
      return { name, type: AttributeType.FLOATS, floats: [...attribute.value] };
    case "ints":
      return { name, type: AttributeType.INTS, ints: attribute.value.map((value) => BigInt(value)) };
    case "strings":
      return { name, type: AttributeType.STRINGS, strings: attribute.value.map(text) };
    case "reference":
      return { name, type: AttributeType.UNDEFINED, refAttrName: attribute.value };
  }
}

function tensorMessage(
  name: string,
  data: Tensor,
  external: ExternalLocation | undefined,
): MessageInitShape<typeof TensorProtoSchema> {
  const common = { name, dims: data.shape.map((dim) => BigInt(dim)), dataType: codeOfDType(data.dtype) };
  if (external !== undefined) {
    const { location, offset, length } = external;
    return {
      ...common,
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: Object.entries({ location, offset, length }).map(([key, value]) => ({
        key,
        value: String(value),
      })),
    };
  }
  return { ...common, rawData: fileBytes(data) };
}
