import { describe, expect, it } from "vitest";
import { convolutionGradients, expectSameValues } from "../../../../test/convolution-gradients.js";
import { CONVOLUTIONS, type Convolution } from "../../../../test/gradcheck/convolution-cases.js";
import { deadCode, GraphBuilder, isStandardOp, type Graph } from "../../../graph/index.js";
import { COSTS, type Costs } from "../costs.js";
import { lower } from "../index.js";
import { steadyValues } from "../steady.js";
import { chooseForms } from "./index.js";

/** Every form that there is, wherever it is one. */
const FORCED: Readonly<Record<string, Partial<Costs>>> = {
  "products over the batch, the weight's channels swapped": { fewPositions: Infinity, columnsAChannel: 0 },
  "products over the batch, added up": { fewPositions: Infinity, columnsAChannel: Infinity },
  "forms of pictures": { fewPositions: 0, pictureChannels: Infinity },
  "a product a tap over the batch": { fewPositions: 0, pictureChannels: 0, weightsAMap: 0 },
  "a product a tap for each image": { fewPositions: 0, pictureChannels: 0, weightsAMap: Infinity },
};

describe.each(Object.entries(FORCED))("convolutions and gradients as %s", (_, costs) => {
  it.each(
    CONVOLUTIONS.flatMap((convolution) =>
      [false, true].map((constant) => ({
        name: `${convolution[0]}, ${constant ? "constant" : "fed"} weight`,
        convolution,
        constant,
      })),
    ),
  )("come to the same: $name", ({ convolution, constant }) => {
    const graph = convolutionGradients(convolution, { forward: true, constant });
    const chosen = chooseForms(graph, { ...COSTS, ...costs });
    expect(chosen.nodes.filter(({ op }) => !isStandardOp(op))).toEqual([]);
    expectSameValues(chosen, graph);
  });
});

interface Case {
  readonly image: readonly number[];
  readonly weight: readonly number[];
  readonly attributes?: Convolution[3];
  readonly constant?: boolean;
}

const PADDED = { pads: [1, 1, 1, 1] };

/** The operators of one output, by default costs, those that only move numbers left out. */
function operators(graph: Graph, output: string): string {
  const chosen = chooseForms(deadCode({ ...graph, outputs: [output] }));
  const moving = /^(Reshape|Transpose|Slice|Pad|Gather|Concat|Identity)$/;
  return [...new Set(deadCode(chosen).nodes.map(({ op }) => op))].filter((op) => !moving.test(op)).join(" ");
}

describe("chooseForms", () => {
  it.each<[string, Case, { readonly x_grad: string; readonly w_grad: string; readonly y: string }]>([
    [
      "large maps, stride 1",
      { image: [2, 8, 9, 9], weight: [8, 8, 3, 3], attributes: PADDED },
      { y: "Conv", x_grad: "Conv", w_grad: "MatMul ReduceSum" },
    ],
    [
      "large maps, stride 2",
      { image: [2, 8, 9, 9], weight: [8, 8, 3, 3], attributes: { ...PADDED, strides: [2, 2] } },
      { y: "Conv", x_grad: "ConvTranspose", w_grad: "MatMul" },
    ],
    [
      "small maps",
      { image: [4, 8, 4, 4], weight: [8, 8, 3, 3], attributes: PADDED },
      { y: "MatMul Add", x_grad: "MatMul", w_grad: "MatMul" },
    ],
    [
      "small maps of few images",
      { image: [2, 8, 4, 4], weight: [64, 8, 3, 3], attributes: PADDED },
      { y: "MatMul Add", x_grad: "MatMul ReduceSum", w_grad: "MatMul" },
    ],
    [
      "small maps of a stride",
      { image: [2, 8, 4, 4], weight: [8, 8, 3, 3], attributes: { ...PADDED, strides: [2, 2] } },
      { y: "MatMul Add", x_grad: "MatMul ReduceSum", w_grad: "MatMul" },
    ],
    [
      "small maps of one image",
      { image: [1, 8, 4, 4], weight: [8, 8, 3, 3], attributes: PADDED },
      { y: "Conv", x_grad: "Conv", w_grad: "MatMul" },
    ],
    [
      "small maps with a constant weight",
      { image: [2, 8, 4, 4], weight: [8, 8, 3, 3], attributes: PADDED, constant: true },
      { y: "Conv", x_grad: "Conv", w_grad: "MatMul" },
    ],
    [
      "a picture",
      { image: [2, 3, 16, 16], weight: [8, 3, 7, 7], attributes: { strides: [2, 2], pads: [3, 3, 3, 3] } },
      { y: "Conv", x_grad: "ConvTranspose", w_grad: "Conv" },
    ],
    [
      "a picture with a constant weight",
      {
        image: [2, 3, 16, 16],
        weight: [8, 3, 7, 7],
        attributes: { strides: [2, 2], pads: [3, 3, 3, 3] },
        constant: true,
      },
      { y: "Conv", x_grad: "Conv", w_grad: "Conv" },
    ],
    [
      "channel by channel",
      { image: [2, 8, 9, 9], weight: [8, 1, 3, 3], attributes: { ...PADDED, group: 8 } },
      { y: "Conv", x_grad: "Conv", w_grad: "MatMul ReduceSum" },
    ],
  ])("%s", (name, { image, weight, attributes = {}, constant = false }, forms) => {
    const graph = convolutionGradients([name, image, weight, attributes], { forward: true, constant });
    const found = graph.outputs.map((output) => [output, operators(graph, output)]);
    expect(Object.fromEntries(found)).toEqual(forms);
  });

  it("takes a transposed convolution for the input gradient that it is", () => {
    const g = new GraphBuilder("transposed");
    const [x, w] = [g.input("x", "float32", [2, 4, 6, 6]), g.input("w", "float32", [4, 5, 3, 3])];
    g.output(g.op("ConvTranspose", [x, w], PADDED), "y");
    const graph = g.build();
    expect(operators(graph, "y")).toBe("Conv");
    expectSameValues(chooseForms(graph), graph);
  });

  it("lays out an image's columns once for the convolution and its weight's gradient", () => {
    const row = ["small", [2, 8, 4, 4], [8, 8, 3, 3], PADDED] as const;
    const graph = chooseForms(convolutionGradients(row, { forward: true }));
    const gathered = graph.nodes.filter(({ op }) => op === "Gather");
    // The other puts the input's gradient together.
    expect(gathered).toHaveLength(2);
  });

  it("takes a weight that is fed but steady for a product on smaller maps", () => {
    const onSide = (side: number): string[] => {
      const row = ["", [2, 8, side, side], [8, 8, 3, 3], PADDED] as const;
      const graph = convolutionGradients(row, { forward: true });
      const chosen = chooseForms(graph, COSTS, steadyValues(graph, ["w"]));
      return chosen.nodes.map(({ op }) => op).filter((op) => op === "Conv" || op === "MatMul");
    };
    // Both and the weight's gradient; on the larger maps that alone.
    expect([onSide(2).length, onSide(4).length]).toEqual([3, 3]);
    expect(onSide(2)).not.toContain("Conv");
    expect(onSide(4).filter((op) => op === "Conv")).toHaveLength(2);
  });

  it("takes no name of a later node", () => {
    const g = new GraphBuilder("names");
    const y = g.op("Conv", [g.input("x", "float32", [2, 2, 2, 2]), g.input("w", "float32", [2, 2, 1, 1])]);
    const flat = g.op("Reshape", [y, g.ints([2, 8])]);
    g.output(g.op("MatMul", [g.op("Transpose", [flat]), flat]));
    const graph = g.build();
    expectSameValues(chooseForms(graph), graph);
  });

  it("is left out with `standard`", async () => {
    const row = ["", [2, 8, 9, 9], [8, 8, 3, 3], PADDED] as const;
    const graph = convolutionGradients(row);
    const { model } = await lower(graph, { standard: true });
    expect(model.graph.nodes.map(({ opType }) => opType)).toContain("ConvTranspose");
  });
});
