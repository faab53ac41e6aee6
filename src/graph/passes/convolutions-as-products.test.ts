import { describe, expect, it } from "vitest";
import { evaluate } from "../../../test/reference/index.js";
import { gradient } from "../../autodiff/index.js";
import { createGenerator, float32, tensor, type Tensor } from "../../tensor/index.js";
import { GraphBuilder, type Graph } from "../index.js";
import { convolutionsAsProducts, smallMapWeights } from "./convolutions-as-products.js";

const random = createGenerator(5);

function drawn(name: string, shape: readonly number[]): Tensor {
  const data = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
  random.stream(name).fillUniform(data, -1, 1);
  return tensor("float32", shape, data);
}

interface Case {
  readonly name: string;
  readonly image: readonly number[];
  readonly weight: readonly number[];
  readonly attributes?: Record<string, number | readonly number[]>;
}

const CASES: readonly Case[] = [
  { name: "3×3, padded", image: [3, 4, 2, 2], weight: [5, 4, 3, 3], attributes: { pads: [1, 1, 1, 1] } },
  {
    name: "3×3 of stride 2",
    image: [2, 3, 4, 4],
    weight: [2, 3, 3, 3],
    attributes: { pads: [1, 1, 1, 1], strides: [2, 2] },
  },
  { name: "1×1", image: [3, 4, 2, 3], weight: [2, 4, 1, 1] },
  { name: "1×1 of stride 2", image: [2, 3, 4, 4], weight: [4, 3, 1, 1], attributes: { strides: [2, 2] } },
  {
    name: "uneven kernel, strides, dilations and pads",
    image: [2, 2, 5, 6],
    weight: [3, 2, 2, 3],
    attributes: { strides: [2, 1], dilations: [1, 2], pads: [0, 1, 2, 0] },
  },
];

function convolution({ image, weight, attributes = {} }: Case): Graph {
  const g = new GraphBuilder("convolution");
  const inputs = [
    g.input("x", "float32", image),
    g.input("w", "float32", weight),
    g.input("b", "float32", [weight[0]!]),
  ];
  const y = g.op("Conv", inputs, attributes, { name: "y" });
  g.output(g.op("ReduceSumSquare", [y], { keepdims: 0 }), "loss");
  g.output(y);
  return g.build();
}

describe("convolutions as products", () => {
  it.each(CASES)("$name: the same values and gradients", (row) => {
    const feeds = {
      x: drawn("x", row.image),
      w: drawn("w", row.weight),
      b: drawn("b", [row.weight[0]!]),
    };
    const plain = convolution(row);
    const product = convolutionsAsProducts(plain);
    expect(product.nodes.some(({ op }) => op === "Conv")).toBe(false);
    const of = { of: "loss", withRespectTo: ["x", "w", "b"] };
    const [expected, found] = [plain, product].map((graph) => evaluate(gradient(graph, of), feeds));
    for (const name of ["y", "x_grad", "w_grad", "b_grad"]) {
      expect(found![name]!.shape).toEqual(expected![name]!.shape);
      found![name]!.data.forEach((value, i) => expect(value).toBeCloseTo(expected![name]!.data[i]!, 10));
    }
  });

  it("takes no name of a later node", () => {
    const g = new GraphBuilder("names");
    const y = g.op("Conv", [g.input("x", "float32", [2, 2, 2, 2]), g.input("w", "float32", [2, 2, 1, 1])]);
    const flat = g.op("Reshape", [y, g.ints([2, 8])]);
    g.output(g.op("MatMul", [g.op("Transpose", [flat]), flat]));
    const product = convolutionsAsProducts(g.build());
    expect(product.nodes.map(({ op }) => op)).not.toContain("Conv");
  });

  it("leaves constant weights, groups and large maps alone", () => {
    const g = new GraphBuilder("others");
    const small = g.input("x", "float32", [2, 2, 2, 2]);
    const large = g.input("large", "float32", [2, 2, 8, 8]);
    const weight = g.input("w", "float32", [2, 2, 1, 1]);
    const constant = g.initializer("constant", float32([2, 2, 1, 1], [1, 2, 3, 4]));
    g.output(g.op("Conv", [small, constant]));
    g.output(g.op("Conv", [large, weight]));
    g.output(g.op("Conv", [small, g.input("v", "float32", [2, 1, 1, 1])], { group: 2 }));
    const graph = g.build();
    expect(convolutionsAsProducts(graph)).toBe(graph);
    expect(smallMapWeights(graph)).toEqual(["constant"]);
  });
});
