import type { Model, ModelNode } from "../src/onnx/index.js";
import { createGenerator, float32, tensor, type Tensor } from "../src/tensor/index.js";
import { int, ints, modelOf, node, vector } from "./model.js";

const WIDTH = 8;
/** Patches of 2 × 2 in images of 8 × 8. */
const PATCHES = 16;

/** Weights of {@link smallTransformer} that training moves, in the order of its nodes. */
export const TRANSFORMER_WEIGHTS: readonly string[] = [
  "patch.weight",
  "class",
  "position",
  ...[0, 1].flatMap((block) =>
    ["q", "k", "v", "o", "up", "up.bias", "down", "scale"].map((name) => `${block}.${name}`),
  ),
  "head.weight",
  "head.bias",
];

/**
 * A transformer of two blocks from `x [N, 3, 8, 8]` to `y [N, classes]`, as exporters write one: preprocessing and a mask
 * that stay, a class token, a head behind a Transpose.
 */
export function smallTransformer(classes = 5): Model {
  const random = createGenerator(11);
  const constants: Record<string, Tensor> = {
    mean: float32([1, 3, 1, 1], [0.4, 0.5, 0.6]),
    none: float32([], [0]),
    half: float32([], [0.35]),
    joined: vector(0, WIDTH, PATCHES),
    from: vector(0),
    to: vector(1),
    axis: vector(1),
    first: tensor("int64", [], BigInt64Array.of(0n)),
  };
  const mask = new Float32Array((PATCHES + 1) ** 2);
  mask[5] = -100;
  constants["mask"] = tensor("float32", [1, PATCHES + 1, PATCHES + 1], mask);
  const weight = (name: string, ...shape: number[]): string => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    constants[name] = tensor("float32", shape, random.stream(name).fillNormal(data, 0.3));
    return name;
  };
  const nodes: ModelNode[] = [
    node("Sub", ["x", "mean"], "centred"),
    node("Conv", ["centred", weight("patch.weight", WIDTH, 3, 2, 2)], "patches", { strides: ints(2, 2) }),
    node("Reshape", ["patches", "joined"], "rows"),
    node("Transpose", ["rows"], "row", { perm: ints(0, 2, 1) }),
    node("Slice", ["row", "from", "to", "axis"], "one"),
    node("Mul", ["one", "none"], "nothing"),
    node("Add", ["nothing", weight("class", 1, 1, WIDTH)], "token"),
    node("Concat", ["token", "row"], "tokens", { axis: int(1) }),
    node("Add", ["tokens", weight("position", 1, PATCHES + 1, WIDTH)], "b0"),
    ...[0, 1].flatMap((block) => blockOf(block, weight)),
    node("Gather", ["b2", "first"], "features", { axis: int(1) }),
    node("Transpose", [weight("head.weight", classes, WIDTH)], "head", { perm: ints(1, 0) }),
    node("MatMul", ["features", "head"], "product"),
    node("Add", [weight("head.bias", classes), "product"], "y"),
  ];
  return modelOf(nodes, constants);
}

function blockOf(block: number, weight: (name: string, ...shape: number[]) => string): ModelNode[] {
  const [x, next] = [`b${block}`, `b${block + 1}`];
  const of = (name: string): string => `${block}.${name}`;
  const product = (from: string, name: string, to: string, inner = WIDTH, outer = WIDTH): ModelNode =>
    node("MatMul", [from, weight(of(name), inner, outer)], to);
  return [
    product(x, "q", of("query")),
    product(x, "k", of("key")),
    product(x, "v", of("value")),
    node("Transpose", [of("key")], of("keys"), { perm: ints(0, 2, 1) }),
    node("MatMul", [of("query"), of("keys")], of("scores")),
    node("Mul", [of("scores"), "half"], of("scaled")),
    node("Add", [of("scaled"), "mask"], of("masked")),
    node("Softmax", [of("masked")], of("shares"), { axis: int(-1) }),
    node("MatMul", [of("shares"), of("value")], of("mixed")),
    product(of("mixed"), "o", of("out")),
    node("Add", [x, of("out")], of("attended")),
    product(of("attended"), "up", of("wide"), WIDTH, 2 * WIDTH),
    node("Add", [of("wide"), weight(of("up.bias"), 2 * WIDTH)], of("biased")),
    node("Relu", [of("biased")], of("active")),
    product(of("active"), "down", of("narrow"), 2 * WIDTH),
    node("Mul", [of("narrow"), weight(of("scale"), WIDTH)], of("layer")),
    node("Add", [of("attended"), of("layer")], next),
  ];
}
