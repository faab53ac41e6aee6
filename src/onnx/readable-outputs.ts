/** Outputs that are not tensors of numbers, such as names of classes, are left out with the nodes behind them. */
import { create } from "@bufbuild/protobuf";
import { dtypeOfCode } from "./element-types.js";
import {
  TensorProto_DataType as OnnxType,
  ValueInfoProtoSchema,
  type GraphProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./generated/onnx_pb.js";

/** A graph without text: its nodes, initializers and outputs. */
export type ReadableGraph = Pick<GraphProto, "node" | "initializer" | "output">;

/** Whether a value is a tensor whose elements have a supported type. */
export function isKnownTensor({ type }: ValueInfoProto): boolean {
  return type?.value.case === "tensorType" && dtypeOfCode(type.value.value.elemType) !== undefined;
}

/**
 * Leaves out tensors of strings, what is computed from them, and outputs that are not tensors of numbers: converters of
 * scikit-learn's models add the name of the class. A ZipMap makes a list of dictionaries of the probabilities, which takes
 * their place. A graph without any other output stays as it is.
 */
export function withoutText({ node, initializer, output, valueInfo }: GraphProto): ReadableGraph {
  const isText = ({ dataType }: TensorProto): boolean => dataType === OnnxType.STRING;
  const texts = new Set(initializer.filter(isText).map(({ name }) => name));
  const nodes = node.filter(({ attribute, input, output: made }) => {
    const reads =
      attribute.some(({ t }) => t !== undefined && isText(t)) || input.some((name) => texts.has(name));
    if (reads) for (const name of made) texts.add(name);
    return !reads;
  });
  const zipped = new Map(nodes.filter(isZipMap).map((zip) => [zip.output[0]!, zip.input[0]!]));
  const outputs = output.flatMap((value): ValueInfoProto[] => {
    const probabilities = zipped.get(value.name);
    if (probabilities !== undefined) return [tensorOf(probabilities, valueInfo)];
    return texts.has(value.name) || !isKnownTensor(value) ? [] : [value];
  });
  if (outputs.length === 0) return { node, initializer, output };
  return { node: nodes, initializer: initializer.filter((each) => !isText(each)), output: outputs };
}

function isZipMap({ domain, opType, input, output }: NodeProto): boolean {
  return domain === "ai.onnx.ml" && opType === "ZipMap" && input.length === 1 && output.length === 1;
}

/** The value's own description, or floats of unknown shape: a ZipMap takes nothing else. */
function tensorOf(name: string, described: readonly ValueInfoProto[]): ValueInfoProto {
  const found = described.find((value) => value.name === name && isKnownTensor(value));
  if (found !== undefined) return found;
  const value = { case: "tensorType", value: { elemType: OnnxType.FLOAT } } as const;
  return create(ValueInfoProtoSchema, { name, type: { value } });
}
