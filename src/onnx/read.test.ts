import { readFileSync } from "node:fs";
import { expect, describe, test } from "vitest";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { InputError } from "../errors/index.js";
import { float32, tensor, toNumbers, type Tensor } from "../tensor/index.js";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  type ModelProto,
} from "./generated/onnx_pb.js";
import { readModel, writeModel, type Model } from "./index.js";

const file = new Uint8Array(readFileSync("test/fixtures/onnx/types.onnx"));
const place = "types.onnx";

describe("a file written by the reference library", () => {
  const expected = JSON.parse(readFileSync("test/fixtures/onnx/types.json", "utf8")) as Record<
    string,
    string[]
  >;
  const model = readModel(file, { place });

  test.each(Object.keys(expected).flatMap((name) => [`${name}_typed`, `${name}_raw`]))("%s", (name) => {
    const data = model.graph.initializers.get(name)!;
    const found = toNumbers(data);
    const wanted = expected[name.replace(/_.*/, "")]!.map(Number);
    expect(found).toEqual(data.dtype === "float32" ? wanted.map(Math.fround) : wanted);
    expect(data.shape).toEqual([2, 3]);
  });

  test("keeps symbolic dimensions, opset, producer and hostile metadata keys", () => {
    expect(model.graph.inputs[0]!.shape).toEqual(["batch", 3, 8, "width"]);
    expect(model.graph.outputs[0]!.shape).toEqual(["batch", 3, 8, "width"]);
    expect(model.opsets.get("")).toBe(17);
    expect(model.metadata.get("__proto__")).toBe("a");
    expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
  });

  test("survives writing and reading", () => {
    expect(readModel(writeModel(model), { place })).toEqual(model);
  });
});

/** Changes the fixture and reads it. */
function changed(change: (proto: ModelProto) => void): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, file);
  change(proto);
  return toBinary(ModelProtoSchema, proto);
}

const initializer = (proto: ModelProto, name: string) =>
  proto.graph!.initializer.find((each) => each.name === name)!;

describe("hostile and damaged models", () => {
  const cases: readonly [string, (proto: ModelProto) => void, RegExp][] = [
    ["a negative dimension", (p) => (initializer(p, "float_raw").dims = [-1n]), /negative dimension -1/],
    [
      "overflowing dimensions",
      (p) => (initializer(p, "float_raw").dims = [2n ** 40n, 2n ** 40n]),
      /absurd shape/,
    ],
    ["too few raw bytes", (p) => (initializer(p, "float_raw").dims = [7n]), /24 bytes but .* needs 28/],
    [
      "too many typed elements",
      (p) => (initializer(p, "float_typed").dims = [5n]),
      /6 elements but .* needs 5/,
    ],
    ["an unknown type", (p) => (initializer(p, "float_raw").dataType = 17), /FLOAT8E4M3FN/],
    [
      "two initializers of one name",
      (p) => (initializer(p, "float_raw").name = "float_typed"),
      /appears twice/,
    ],
    ["a sparse weight", (p) => p.graph!.sparseInitializer.push(create(SparseTensorProtoSchema)), /sparse/],
    ["no graph", (p) => delete p.graph, /no graph/],
    ["no opset", (p) => (p.opsetImport = []), /no opset/],
    [
      "ONNX Runtime's memory marker",
      (p) => external(p, { location: "*/_ORT_MEM_ADDR_/*", offset: "4096" }),
      /ONNX Runtime's own memory/,
    ],
    ["a negative offset", (p) => external(p, { location: "w", offset: "-8" }), /offset "-8"/],
    ["an offset past 2^53", (p) => external(p, { location: "w", offset: "99999999999999999" }), /offset/],
    ["external data where none can be read", (p) => external(p, { location: "w" }), /another file \("w"\)/],
  ];
  test.each(cases)("%s", (_, change, words) => {
    const error = caught(() => readModel(changed(change), { place }));
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(words);
  });

  test("the in-memory marker inside a subgraph is refused", () => {
    const inner = create(GraphProtoSchema, {
      initializer: [
        {
          name: "w",
          dims: [1n],
          dataType: 1,
          dataLocation: TensorProto_DataLocation.EXTERNAL,
          externalData: [{ key: "location", value: "*/_ORT_MEM_ADDR_/*" }],
        },
      ],
    });
    const bytes = changed((p) =>
      p.graph!.node[0]!.attribute.push(
        create(AttributeProtoSchema, { name: "body", type: AttributeType.GRAPH, g: inner }),
      ),
    );
    expect(() => readModel(bytes, { place })).toThrow(/ONNX Runtime's own memory/);
  });

  test("every truncation gives an InputError or a smaller valid model", () => {
    for (let length = 0; length < file.length; length += 7) {
      const error = caught(() => readModel(file.subarray(0, length), { place }));
      if (error !== undefined) expect(error).toBeInstanceOf(InputError);
    }
    expect(() => readModel(file.subarray(0, 100), { place })).toThrow(/truncated|no graph|needs/);
    expect(() => readModel(new Uint8Array(), { place })).toThrow(/is empty/);
  });

  test("graphs nested thousands deep are refused", () => {
    // Each level wraps the one before as the subgraph of a node, written by hand: field 7 is the graph,
    // 1 a node, 5 its attribute, 6 the attribute's graph, 20 its type.
    const field = (number: number, bytes: number[]): number[] => {
      const length: number[] = [];
      for (let n = bytes.length; ; n >>>= 7) {
        length.push(n > 127 ? (n & 127) | 128 : n);
        if (n <= 127) break;
      }
      return [(number << 3) | 2, ...length, ...bytes];
    };
    let graph: number[] = [];
    for (let i = 0; i < 400; i++) graph = field(1, field(5, [...field(6, graph), 0xa0, 0x01, 5]));
    const bytes = Uint8Array.from([8, 8, ...field(7, graph), ...field(8, [0x10, 17])]);
    const error = caught(() => readModel(bytes, { place }));
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toMatch(/nested/);
  });

  test("a chain of 3000 functions is read without recursion", () => {
    const bytes = changed((p) => {
      for (let i = 0; i < 3000; i++) {
        p.functions.push(create(FunctionProtoSchema, { name: `f${i}`, domain: "local", input: ["x"] }));
      }
    });
    expect(readModel(bytes, { place }).functions.length).toBe(3000);
  });
});

function external(p: ModelProto, entries: Record<string, string>): void {
  const proto = initializer(p, "float_raw");
  proto.rawData = new Uint8Array();
  proto.dataLocation = TensorProto_DataLocation.EXTERNAL;
  proto.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
}

function caught(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

test("unaligned raw data is copied", () => {
  const model: Model = {
    ...readModel(file, { place }),
    graph: {
      name: "g",
      nodes: [],
      inputs: [],
      outputs: [],
      valueInfo: [],
      initializers: new Map<string, Tensor>([
        ["b", tensor("uint8", [1], new Uint8Array([7]))],
        ["w", float32([2], [1.5, -2])],
      ]),
    },
  };
  const bytes = writeModel(model);
  for (let shift = 0; shift < 4; shift++) {
    const moved = new Uint8Array(bytes.length + shift);
    moved.set(bytes, shift);
    const read = readModel(moved.subarray(shift), { place });
    expect([...(read.graph.initializers.get("w")!.data as Float32Array)]).toEqual([1.5, -2]);
  }
});
