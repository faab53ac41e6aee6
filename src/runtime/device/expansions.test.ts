import { describe, expect, it } from "vitest";
import { GraphBuilder, type Attributes, type Graph, type OpType, type Value } from "../../graph/index.js";
import { createGenerator, sizeOf, tensor, type Tensor } from "../../tensor/index.js";
import { compile } from "../index.js";
import { expandFor } from "./expansions.js";

/** A node over `x` and further inputs of these shapes. */
interface Case {
  readonly op: OpType;
  readonly name?: string;
  readonly shapes: readonly (readonly number[])[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
  readonly more?: (g: GraphBuilder) => readonly Value[];
}

const channels = [[3], [3], [3], [3]] as const;
const CASES: readonly Case[] = [
  { op: "Sign", shapes: [[40]] },
  { op: "Round", shapes: [[40]] },
  { op: "LogSoftmax", shapes: [[3, 7]] },
  { op: "LogSoftmax", name: "LogSoftmax, first axis", shapes: [[3, 7]], attributes: { axis: 0 } },
  { op: "Softsign", shapes: [[40]] },
  { op: "Sum", shapes: [[3, 4], [4], [1, 4]] },
  { op: "Dropout", shapes: [[40]] },
  { op: "LRN", shapes: [[2, 6, 3, 3]], attributes: { size: 5, alpha: 0.5, beta: 0.75, bias: 2 } },
  {
    op: "BatchNormalization",
    shapes: [[4, 3, 2, 2], ...channels],
    attributes: { training_mode: 1, momentum: 0 },
    outputs: 3,
  },
  {
    op: "BatchNormalization",
    name: "BatchNormalization, momentum",
    shapes: [[4, 3, 5], ...channels],
    attributes: { training_mode: 1, momentum: 0.9, epsilon: 0.1 },
    outputs: 3,
  },
  {
    op: "MaxPool",
    shapes: [[2, 3, 7, 6]],
    attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
    outputs: 2,
  },
  {
    op: "MaxPool",
    name: "MaxPool, ceil mode, dilated",
    shapes: [[2, 1, 8, 9]],
    attributes: { kernel_shape: [2, 3], strides: [3, 2], dilations: [2, 1], ceil_mode: 1 },
    outputs: 2,
  },
  {
    op: "Slice",
    name: "Slice, backwards on two axes",
    shapes: [[2, 5, 6]],
    more: (g) => [g.ints([-1, 5]), g.ints([-100, 0]), g.ints([1, 2]), g.ints([-2, -2])],
  },
  {
    op: "ConvTranspose",
    name: "ConvTranspose, two channels a group",
    shapes: [[1, 4, 3, 3], [4, 1, 3, 3], [2]],
    attributes: { group: 2, strides: [2, 2] },
  },
];

function graphOf({ op, shapes, attributes = {}, outputs = 1, more }: Case): Graph {
  const g = new GraphBuilder("case");
  const inputs = shapes.map((shape, i) => g.input(`x${i}`, "float32", shape));
  const made = g.ops(op, [...inputs, ...(more?.(g) ?? [])], attributes, { outputs });
  made.forEach((value, i) => g.output(value, `y${i}`));
  return g.build();
}

/** Multiples of ½, with ties and both signs: where rounding, signs and maxima are decided. */
function feedsOf(graph: Graph): Record<string, Tensor> {
  return Object.fromEntries(
    graph.inputs.map((name) => {
      const { shape } = graph.values.get(name)!;
      const drawn = createGenerator(0)
        .stream(name)
        .fillUniform(new Float32Array(sizeOf(shape)), -3, 3);
      return [
        name,
        tensor(
          "float32",
          shape,
          drawn.map((value) => Math.round(2 * value) / 2),
        ),
      ];
    }),
  );
}

async function run(graph: Graph, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const program = await compile(graph, { threads: 1, optimization: "disabled" });
  try {
    return await program.run(feeds);
  } finally {
    await program.dispose();
  }
}

describe("expandFor webgpu", () => {
  it.each(CASES.map((each) => [each.name ?? each.op, each] as const))("%s", async (_, each) => {
    const graph = graphOf(each);
    const expanded = expandFor("webgpu", graph);
    const isWhole = expanded.nodes.every(
      ({ op, outputs }) => op !== each.op || outputs.length < (each.outputs ?? 1),
    );
    expect(isWhole || each.op === "Slice" || each.op === "ConvTranspose").toBe(true);
    expect(expanded.nodes.length).toBeGreaterThan(0);
    expect(expanded).not.toBe(graph);
    // Fed anew: ONNX Runtime writes running averages over what BatchNormalization is fed.
    const [wanted, found] = [await run(graph, feedsOf(graph)), await run(expanded, feedsOf(graph))];
    for (const [name, { data, shape, dtype }] of Object.entries(wanted)) {
      expect(found[name]).toMatchObject({ shape, dtype });
      data.forEach((value: number | bigint, i: number) =>
        expect(Number(found[name]!.data[i])).toBeCloseTo(Number(value), 5),
      );
    }
  });

  it("leaves alone what the device has", () => {
    const g = new GraphBuilder("kept");
    g.output(g.op("Relu", [g.input("x", "float32", [2])]), "y");
    const graph = g.build();
    expect(expandFor("webgpu", graph)).toBe(graph);
    const pooled = graphOf({ op: "MaxPool", shapes: [[1, 1, 4, 4]], attributes: { kernel_shape: [2, 2] } });
    expect(expandFor("webgpu", pooled).nodes.map(({ op }) => op)).toEqual(["MaxPool", "Identity"]);
  });

  it("writes a training BatchNormalization out for every device", () => {
    const graph = graphOf(CASES.find(({ op }) => op === "BatchNormalization")!);
    for (const device of ["cuda", "webgpu", "dml", "coreml"] as const) {
      expect(expandFor(device, graph).nodes.map(({ op }) => op)).not.toContain("BatchNormalization");
    }
  });
});
