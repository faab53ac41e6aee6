import { readFileSync } from "node:fs";
import { readModel, type Model } from "../src/onnx/index.js";
import { arrayConstructor, tensor, type DType, type Tensor } from "../src/tensor/index.js";

interface PackedValue {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Base64 of little-endian numbers. */
  readonly data: string;
}

type Packed = Readonly<
  Record<
    string,
    {
      readonly model: string;
      readonly inputs: readonly PackedValue[];
      readonly outputs: readonly PackedValue[];
    }
  >
>;

/** A case of ONNX's backend node tests. */
export interface NodeCase {
  readonly model: Model;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly expected: Readonly<Record<string, Tensor>>;
}

/**
 * The cases of a file that scripts/fixtures/onnx_node_cases.py wrote, by name. Inputs of whole numbers (axes, shapes) are
 * constants of the model, as exporters have them.
 */
export function nodeCases(path: string): [string, NodeCase][] {
  const packed = JSON.parse(readFileSync(path, "utf8")) as Packed;
  return Object.entries(packed).map(([name, { model: bytes, inputs, outputs }]) => {
    const model = readModel(Buffer.from(bytes, "base64"), { place: name });
    const given = inputs.map((input) => [input.name, unpacked(input)] as const);
    const constants = given.filter(([, { dtype }]) => dtype === "int64");
    const isConstant = (each: string): boolean => constants.some(([constant]) => constant === each);
    return [
      name,
      {
        model: {
          ...model,
          graph: {
            ...model.graph,
            inputs: model.graph.inputs.filter((input) => !isConstant(input.name)),
            initializers: new Map([...model.graph.initializers, ...constants]),
          },
        },
        feeds: Object.fromEntries(given.filter(([each]) => !isConstant(each))),
        expected: Object.fromEntries(outputs.map((output) => [output.name, unpacked(output)])),
      },
    ];
  });
}

function unpacked({ dtype, shape, data }: PackedValue): Tensor {
  const bytes = new Uint8Array(Buffer.from(data, "base64"));
  const type = dtype as DType;
  return tensor(type, shape, new (arrayConstructor(type))(bytes.buffer) as never);
}
