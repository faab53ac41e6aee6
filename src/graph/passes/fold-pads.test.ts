import { describe, expect, test } from "vitest";
import { evaluate } from "../../../test/reference/index.js";
import { createGenerator, float32, tensor } from "../../tensor/index.js";
import { deadCode, GraphBuilder, foldPads, type Graph, type Value } from "../index.js";

type Attributes = Readonly<Record<string, number | readonly number[] | string>>;
type Before = (g: GraphBuilder, x: Value) => Value;

const drawn = (name: string, shape: readonly number[]): Float32Array =>
  createGenerator(1)
    .stream(name)
    .fillUniform(new Float32Array(shape.reduce((a, b) => a * b, 1)), -1, 1);

/** A convolution of [2, 3, 6, 7] with 3 × 3 kernels, and what comes before it. */
function convolution(before: Before, attributes: Attributes = {}): Graph {
  const g = new GraphBuilder("pads");
  const weight = g.constant(float32([4, 3, 3, 3], [...drawn("w", [4, 3, 3, 3])]));
  const y = g.op("Conv", [before(g, g.input("x", "float32", [2, 3, 6, 7])), weight], attributes);
  g.output(y, "y");
  return g.build();
}

const padded =
  (pads: readonly number[], ...more: ((g: GraphBuilder) => Value | undefined)[]): Before =>
  (g, x) =>
    g.op("Pad", [x, g.ints(pads), ...more.map((value) => value(g))]);

const x = tensor("float32", [2, 3, 6, 7], drawn("x", [2, 3, 6, 7]));
/** Named outputs are Identities. */
const ops = (graph: Graph): string[] => graph.nodes.map(({ op }) => op).filter((op) => op !== "Identity");

describe("zeros around the maps become the convolution's pads", () => {
  test.each<[string, Graph]>([
    ["at two sides, before a stride", convolution(padded([0, 0, 0, 0, 0, 0, 1, 1]), { strides: [2, 2] })],
    ["besides its own", convolution(padded([0, 0, 1, 0, 0, 0, 1, 2]), { pads: [1, 0, 0, 0] })],
    ["by an explicit 0", convolution(padded([0, 0, 1, 1, 0, 0, 1, 1], (g) => g.scalar(0)))],
    [
      "along named axes",
      convolution(
        padded(
          [1, 2, 0, 1],
          () => undefined,
          (g) => g.ints([-1, 2]),
        ),
      ),
    ],
    ["with dilations", convolution(padded([0, 0, 3, 4, 0, 0, 4, 2]), { dilations: [2, 2] })],
    ["besides SAME", convolution(padded([0, 0, 1, 0, 0, 0, 0, 1]), { auto_pad: "SAME_UPPER" })],
  ])("%s", (_, graph) => {
    const folded = foldPads(graph);
    expect(ops(deadCode(folded))).toEqual(["Conv"]);
    const [found, expected] = [evaluate(folded, { x })["y"]!, evaluate(graph, { x })["y"]!];
    expect(found.shape).toEqual(expected.shape);
    found.data.forEach((value, i) => expect(value).toBeCloseTo(Number(expected.data[i]), 6));
  });
});

describe("other pads stay", () => {
  test.each<[string, Graph]>([
    ["of another number", convolution(padded([0, 0, 1, 1, 0, 0, 1, 1], (g) => g.scalar(0.5)))],
    [
      "that reflect",
      convolution((g, image) => g.op("Pad", [image, g.ints([0, 0, 1, 1, 0, 0, 1, 1])], { mode: "reflect" })),
    ],
    ["that crop", convolution(padded([0, 0, -1, 1, 0, 0, 1, 1]))],
    ["of images", convolution(padded([1, 0, 1, 1, 0, 0, 1, 1]))],
    ["as wide as a window", convolution(padded([0, 0, 3, 0, 0, 0, 0, 0]))],
  ])("%s", (_, graph) => {
    expect(ops(deadCode(foldPads(graph)))).toContain("Pad");
  });

  test("that something else reads, too", () => {
    const graph = convolution((g, image) => {
      const around = padded([0, 0, 1, 1, 0, 0, 1, 1])(g, image);
      g.output(g.op("Relu", [around]), "other");
      return around;
    });
    const folded = foldPads(graph);
    expect(ops(folded).toSorted()).toEqual(["Conv", "Pad", "Relu"]);
    expect(folded.nodes.find(({ op }) => op === "Conv")!.inputs[0]).toBe("x");
  });
});
