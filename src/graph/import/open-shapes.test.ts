import { describe, expect, test } from "vitest";
import { int, modelOf, node, vector, type ModelChanges } from "../../../test/model.js";
import type { ModelNode } from "../../onnx/index.js";
import { compile } from "../../runtime/index.js";
import { float32, int64, tensor, type Tensor } from "../../tensor/index.js";
import {
  bind,
  deadCode,
  graphFromModel,
  modelFromGraph,
  verifyGraph,
  type Dim,
  type Graph,
} from "../index.js";

type Constants = Readonly<Record<string, Tensor>>;

function read(
  nodes: readonly ModelNode[],
  constants: Constants = {},
  changes: ModelChanges = {},
): Graph<Dim> {
  const graph = deadCode(graphFromModel(modelOf(nodes, constants, changes), { place: "m.onnx" }));
  verifyGraph(graph);
  return graph;
}

/** The output for a batch of `batch` images whose values count up. */
async function run(graph: Graph<Dim>, batch: number): Promise<{ shape: readonly number[]; data: number[] }> {
  const bound = bind(graph, { N: batch });
  const program = await compile(bound, { threads: 1 });
  const image = tensor("float32", bound.values.get("x")!.shape);
  image.data.forEach((_, i) => (image.data[i] = i));
  const output = (await program.run({ x: image }))[graph.outputs[0]!]!;
  await program.dispose();
  return { shape: output.shape, data: Array.from(output.data as ArrayLike<number | bigint>, Number) };
}

/** Computes `n [1]`, the batch size. */
const batchOf = [node("Shape", ["x"], "s"), node("Gather", ["s", "zero"], "n")];
const SMALL: ModelChanges = { input: { shape: ["N", 4, 2] } };

describe("shape arithmetic with an open batch", () => {
  test("a class token is expanded to the batch and prepended to the patches, as in a ViT", async () => {
    const nodes = [
      ...batchOf,
      node("Concat", ["n", "minus", "minus"], "wanted", { axis: int(0) }),
      // A target of −1 keeps the token's own size.
      node("ConstantOfShape", ["three"], "filled", { value: { kind: "tensor", value: vector(1) } }),
      node("Mul", ["filled", "minus"], "negative"),
      node("Equal", ["wanted", "negative"], "is"),
      node("Where", ["is", "filled", "wanted"], "target"),
      node("Expand", ["token", "target"], "tokens"),
      node("Concat", ["tokens", "x"], "y", { axis: int(1) }),
    ];
    const constants = {
      zero: vector(0),
      three: vector(3),
      minus: vector(-1),
      token: float32([1, 1, 2], [-1, -2]),
    };
    const graph = read(nodes, constants, SMALL);
    expect(graph.values.get("y")!.shape).toEqual(["N", 5, 2]);
    const { shape, data } = await run(graph, 2);
    expect(shape).toEqual([2, 5, 2]);
    expect(data.slice(8, 14)).toEqual([6, 7, -1, -2, 8, 9]);
    // After writing and reading, the model means the same.
    const again = graphFromModel(modelFromGraph(graph), { place: "again" });
    expect(again.values.get("y")!.shape).toEqual(["N", 5, 2]);
  });

  test("windows are folded into the batch and unfolded again, as in a Swin", async () => {
    const nodes = [
      node("Reshape", ["x", "windows"], "w"),
      node("Shape", ["w"], "s"),
      node("Gather", ["s", "zero"], "count"),
      node("Cast", ["count"], "real", { to: int(1) }),
      node("Div", ["real", "four"], "images"),
      node("Cast", ["images"], "n", { to: int(7) }),
      node("Concat", ["n", "rest"], "target", { axis: int(0) }),
      node("Reshape", ["w", "target"], "back"),
      node("Flatten", ["back"], "y"),
    ];
    const constants = {
      zero: vector(0),
      windows: vector(-1, 2),
      four: float32([1], [4]),
      rest: vector(2, 2, 2),
    };
    const graph = read(nodes, constants, SMALL);
    expect(graph.values.get("w")!.shape).toEqual(["4·N", 2]);
    expect(graph.values.get("y")!.shape).toEqual(["N", 8]);
    expect((await run(graph, 3)).data).toEqual(Array.from({ length: 24 }, (_, i) => i));
  });

  test.each<[string, ModelNode[], Constants, readonly Dim[]]>([
    ["Slice to the batch's end", [node("Slice", ["x", "zero", "n", "zero"], "y")], {}, ["N", 4, 2]],
    ["Slice of the first image", [node("Slice", ["x", "zero", "one", "zero"], "y")], {}, [1, 4, 2]],
    [
      "Tile",
      [node("Concat", ["n", "one", "one"], "r", { axis: int(0) }), node("Tile", ["w", "r"], "y")],
      {},
      ["N", 1, 2],
    ],
    [
      "Range",
      [
        node("Squeeze", ["n"], "limit"),
        node("Range", ["start", "limit", "delta"], "i"),
        node("Cast", ["i"], "y", { to: int(1) }),
      ],
      {},
      ["N"],
    ],
    [
      "ConstantOfShape",
      [node("Concat", ["n", "one"], "r", { axis: int(0) }), node("ConstantOfShape", ["r"], "y")],
      {},
      ["N", 1],
    ],
    ["Concat along the batch", [node("Concat", ["x", "x"], "y", { axis: int(0) })], {}, ["2·N", 4, 2]],
    [
      "Split of a doubled batch",
      [
        node("Concat", ["x", "x"], "d", { axis: int(0) }),
        node("Split", ["d"], ["a", "b"], { axis: int(0) }),
        node("Add", ["a", "b"], "y"),
      ],
      {},
      ["N", 4, 2],
    ],
    [
      "the batch as a number",
      [
        node("Cast", ["n"], "real", { to: int(1) }),
        node("Sqrt", ["real"], "root"),
        node("Div", ["x", "root"], "y"),
      ],
      {},
      ["N", 4, 2],
    ],
  ])("%s", async (_, nodes, constants, shape) => {
    const all = {
      zero: vector(0),
      one: vector(1),
      start: int64([], [0]),
      delta: int64([], [1]),
      w: float32([1, 1, 2], [1, 2]),
      ...constants,
    };
    const graph = read([...batchOf, ...nodes], all, SMALL);
    expect(graph.values.get("y")!.shape).toEqual(shape);
    const bound = (await run(graph, 3)).shape;
    expect(bound).toEqual(shape.map((dim) => (dim === "N" ? 3 : dim === "2·N" ? 6 : dim)));
  });

  test("allowzero has no effect if the target contains no 0", () => {
    const nodes = [
      ...batchOf,
      node("Concat", ["n", "minus"], "target", { axis: int(0) }),
      node("Reshape", ["x", "target"], "y", { allowzero: int(1) }),
    ];
    const graph = read(nodes, { zero: vector(0), minus: vector(-1) }, SMALL);
    expect(graph.values.get("y")!.shape).toEqual(["N", 8]);
  });

  test.each(["?", "", "-1", "None"])("two axes named %j are two different dimensions", (name) => {
    const graph = read([node("Relu", ["x"], "y")], {}, { input: { shape: ["N", 3, name, name] } });
    const [, , height, width] = graph.values.get("x")!.shape;
    expect(height).not.toBe(width);
  });
});

describe("values that depend only on constants", () => {
  /** As in a Swin: the coordinates of a grid of `size`². */
  const positions = (): ModelNode[] => [
    node("Range", ["start", "size", "delta"], "r"),
    node("Unsqueeze", ["r", "axis0"], "row"),
    node("Unsqueeze", ["r", "axis1"], "column"),
    node("Mul", ["column", "size"], "scaled"),
    node("Add", ["scaled", "row"], "grid"),
  ];
  const numbers = (size: number): Constants => ({
    start: int64([], [0]),
    delta: int64([], [1]),
    size: int64([], [size]),
    axis0: vector(0),
    axis1: vector(1),
    column0: int64([], [0]),
  });

  test("non-zero elements are counted, however many there are", async () => {
    const nodes = [
      ...positions(),
      node("Equal", ["grid", "column0"], "first"),
      node("Not", ["first"], "others"),
      node("NonZero", ["others"], "places"),
      node("Transpose", ["places"], "pairs"),
      node("GatherND", ["grid", "pairs"], "list"),
      node("Cast", ["list"], "real", { to: int(1) }),
      node("ReduceMax", ["real"], "most", { keepdims: int(0) }),
      node("Mul", ["x", "most"], "y"),
    ];
    // 100² elements are more than the import folds eagerly.
    const graph = read(nodes, numbers(100), SMALL);
    expect((await run(graph, 1)).data.slice(0, 3)).toEqual([0, 9999, 19998]);
  });

  test("a large position mask decides what is gathered", async () => {
    const nodes = [
      ...positions(),
      node("Mod", ["grid", "eight"], "index"),
      node("Reshape", ["x", "flat"], "f"),
      node("Gather", ["f", "index"], "y", { axis: int(1) }),
    ];
    const graph = read(nodes, { ...numbers(80), eight: int64([], [8]), flat: vector(0, 8) }, SMALL);
    expect(graph.values.get("y")!.shape).toEqual(["N", 80, 80]);
    expect((await run(graph, 1)).data.slice(6, 10)).toEqual([6, 7, 0, 1]);
  });

  test.each<[string, ModelNode[], Constants, readonly number[]]>([
    ["Tile", [node("Tile", ["a", "two"], "t")], {}, [2, 3, 2, 3]],
    ["CumSum", [node("CumSum", ["a", "axis"], "t")], {}, [2, 5]],
    [
      "Trilu",
      [node("Unsqueeze", ["a", "zero"], "u"), node("Trilu", ["u"], "v"), node("Squeeze", ["v"], "t")],
      {},
      [2, 3],
    ],
    [
      "ScatterND",
      [node("ScatterND", ["a", "place", "nine"], "t")],
      { place: int64([1, 1], [1]), nine: vector(9) },
      [2, 9],
    ],
    ["ScatterElements", [node("ScatterElements", ["a", "one", "nine"], "t")], { nine: vector(9) }, [2, 9]],
    ["GatherElements", [node("GatherElements", ["a", "one"], "t")], {}, [3]],
    ["ReduceProd", [node("ReduceProd", ["a"], "t")], {}, [6]],
    ["Size", [node("Size", ["a"], "t")], {}, [2]],
    ["Mod", [node("Mod", ["b", "a"], "t")], { b: vector(-1, -1) }, [1, 2]],
    ["Split", [node("Split", ["a"], ["t", "rest"])], {}, [2]],
    ["Pad", [node("Pad", ["a", "pads"], "t")], { pads: vector(1, 0) }, [0, 2, 3]],
    ["OneHot", [node("OneHot", ["axis", "depth", "a"], "t")], { depth: int64([], [3]) }, [3, 2, 2]],
    [
      "EyeLike",
      [
        node("Unsqueeze", ["a", "zero"], "u"),
        node("EyeLike", ["u"], "e", { k: int(1) }),
        node("Reshape", ["e", "minus"], "t"),
      ],
      {},
      [0, 1],
    ],
    [
      "Compress",
      [node("Compress", ["a", "keep"], "t")],
      { keep: tensor("bool", [2], Uint8Array.of(0, 1)) },
      [3],
    ],
  ])("%s is evaluated while the model is read", (_, nodes, constants, expected) => {
    const all = {
      a: vector(2, 3),
      zero: vector(0),
      one: vector(1),
      two: vector(2),
      minus: vector(-1),
      axis: int64([], [0]),
      shape: vector(...expected),
      ...constants,
    };
    const graph = graphFromModel(modelOf([...nodes, node("Identity", ["t"], "y")], all), { place: "m.onnx" });
    const result = graph.initializers.get("t") ?? graph.initializers.get("y");
    expect(Array.from(result!.data as ArrayLike<bigint>, Number)).toEqual(expected);
  });

  test("a selection whose size depends on the image is refused", () => {
    expect(() => read([node("NonZero", ["x"], "y")])).toThrow(/depends on the image/);
    expect(() => read([node("Cast", ["x"], "c", { to: int(9) }), node("Compress", ["x", "c"], "y")])).toThrow(
      /depends on the image/,
    );
  });
});

test("a shape computed by thousands of nodes, each read twice, is refused quickly", () => {
  const chain = Array.from({ length: 5000 }, (_, i) => node("Add", [`n${i}`, `n${i}`], `n${i + 1}`));
  const nodes = [
    ...batchOf.map((each) => (each.name === "n" ? { ...each, outputs: ["m"] } : each)),
    node("Add", ["m", "one"], "first"),
    node("Sqrt", ["first"], "n0"),
    ...chain,
    node("Reshape", ["x", "n5000"], "y"),
  ];
  expect(() => read(nodes, { zero: vector(0), one: vector(1) }, SMALL)).toThrow(
    /must be known before running/,
  );
});
