import { describe, expect, it } from "vitest";
import { appendGradients } from "../../autodiff/index.js";
import {
  deadCode,
  dropExpands,
  foldConstants,
  GraphBuilder,
  type Graph,
  type Value,
} from "../../graph/index.js";
import { createGenerator, tensor, type Tensor } from "../../tensor/index.js";
import { compile, type Program } from "../index.js";
import { blockSize } from "./convolution/block-size.js";
import { namedOutputs } from "./outputs.js";
import { rankedScalars } from "./scalars.js";
import { sumsAsAdditions } from "./sums.js";
import { swishGradients } from "./swish.js";

function feedsOf({ inputs }: Program): Record<string, Tensor> {
  const random = createGenerator(0);
  return Object.fromEntries(
    inputs.map(({ name, shape }) => {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      return [name, tensor("float32", shape, random.stream(name).fillUniform(data, -1, 1))];
    }),
  );
}

/** Every output, lowered and with standard operators. */
async function both(graph: Graph): Promise<[Float32Array, Float32Array]> {
  const [lowered, standard] = [
    await compile(graph, { threads: 1 }),
    await compile(graph, { threads: 1, optimization: "extended" }),
  ];
  const feeds = feedsOf(lowered);
  const outputs = [await lowered.run(feeds), await standard.run(feeds)];
  await Promise.all([lowered.dispose(), standard.dispose()]);
  return outputs.map(({ y }) => y!.data as Float32Array) as [Float32Array, Float32Array];
}

function expectClose([a, b]: [Float32Array, Float32Array]): void {
  expect(a.length).toBe(b.length);
  const largest = b.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  expect(largest).toBeGreaterThan(0);
  const difference = a.reduce((max, value, i) => Math.max(max, Math.abs(value - b[i]!)), 0);
  expect(difference).toBeLessThan(2e-6 * largest);
}

describe("rankedScalars", () => {
  it("gives a scalar, fed or constant, the rank of a weight that ends in ones", async () => {
    const g = new GraphBuilder("scalars");
    const w = g.input("w", "float32", [64, 32, 1, 1]);
    const rate = g.input("rate", "float32", []);
    const moved = g.op("Mul", [w, rate]);
    g.output(g.op("Sub", [g.op("Mul", [g.scalar(0.5), moved]), rate]), "y");
    const graph = g.build();
    const ranked = rankedScalars(graph);
    for (const { op, inputs } of ranked.nodes) {
      if (op === "Reshape") continue;
      for (const name of inputs) expect(ranked.values.get(name)!.shape).toHaveLength(4);
    }
    expect(ranked.nodes.filter(({ op }) => op === "Reshape")).toHaveLength(1);
    expectClose(await both(graph));
  });

  it("takes a vector of one for a scalar, and no other value for one it made", async () => {
    const g = new GraphBuilder("names");
    const w = g.input("w", "float32", [64, 32, 1, 1]);
    const rate = g.input("rate", "float32", [1]);
    const other = g.input("rate/rank-4", "float32", [1, 1, 1, 1]);
    g.output(g.op("Sub", [g.op("Mul", [w, rate]), other]), "y");
    const graph = g.build();
    expect(rankedScalars(graph).nodes.map(({ op }) => op)).toEqual(["Reshape", "Mul", "Sub", "Identity"]);
    expectClose(await both(graph));
  });

  it("leaves alone what is fast, or small", () => {
    const g = new GraphBuilder("fast");
    const scalar = g.input("s", "float32", []);
    for (const [name, shape] of [
      ["maps", [64, 32, 3, 3]],
      ["few", [4, 4, 1, 1]],
    ] as const) {
      g.output(g.op("Mul", [g.input(name, "float32", shape), scalar]), `${name}-out`);
    }
    const graph = g.build();
    expect(rankedScalars(graph).nodes).toEqual(graph.nodes);
  });
});

describe("sumsAsAdditions", () => {
  it("adds in order, broadcasting as Sum does", async () => {
    const g = new GraphBuilder("sum");
    const [a, b, c] = [
      g.input("a", "float32", [3, 1]),
      g.input("b", "float32", [4]),
      g.input("c", "float32", [2, 3, 4]),
    ];
    g.output(g.op("Sum", [a, b, c, b]), "y");
    const graph = g.build();
    expect(sumsAsAdditions(graph).nodes.map(({ op }) => op)).toEqual(["Add", "Add", "Add", "Identity"]);
    expectClose(await both(graph));
  });
});

describe("swishGradients", () => {
  const swish = (g: GraphBuilder, x: Value): Value => g.op("Mul", [x, g.op("Sigmoid", [x])]);
  const gradient = (build: (g: GraphBuilder, x: Value) => Value): Graph => {
    const g = new GraphBuilder("swish");
    const x = g.input("x", "float32", [2, 3, 5]);
    const y = build(g, x);
    const loss = g.op("ReduceSum", [g.op("Mul", [y, g.input("u", "float32", y.shape)])], { keepdims: 0 });
    g.output(appendGradients(g, { of: loss, withRespectTo: [x] })[0]!, "y");
    g.output(y, "forward");
    return deadCode(foldConstants(dropExpands(g.build())));
  };
  const opsOf = ({ nodes }: Graph): string[] => nodes.map(({ op }) => op).sort();

  it("takes four passes, the forward one's value among them", async () => {
    const graph = gradient(swish);
    const products = (of: Graph): number => opsOf(of).filter((op) => op === "Mul").length;
    // The forward pass, the loss and the gradient.
    expect(products(graph)).toBe(1 + 1 + 4);
    expect(products(swishGradients(graph))).toBe(1 + 1 + 2);
    expectClose(await both(graph));
    expectClose(await both(gradient((g, x) => swish(g, swish(g, x)))));
  });

  it("leaves alone what only looks like one", async () => {
    const cases: readonly ((g: GraphBuilder, x: Value) => Value)[] = [
      (g, x) => g.op("Mul", [g.op("Neg", [x]), g.op("Sigmoid", [x])]),
      (g, x) => g.op("Mul", [g.op("Sigmoid", [x]), g.op("Sigmoid", [g.op("Neg", [x])])]),
      (g, x) => g.op("Mul", [x, g.op("Sigmoid", [g.op("ReduceMean", [x, g.ints([2])])])]),
    ];
    for (const build of cases) {
      const graph = gradient(build);
      expect(opsOf(swishGradients(graph))).toEqual(opsOf(graph));
      expectClose(await both(graph));
    }
  });
});

describe("namedOutputs", () => {
  it("puts out what is made, and copies only what has another name already", async () => {
    const g = new GraphBuilder("outputs");
    const x = g.input("x", "float32", [3]);
    const doubled = g.op("Add", [x, x]);
    g.output(doubled, "next");
    g.output(doubled, "again");
    g.output(x, "same");
    g.output(g.op("Relu", [doubled]), "y");
    const graph = g.build();
    const named = namedOutputs(graph);
    expect(named.outputs).toEqual(graph.outputs);
    expect(named.nodes.map(({ op, inputs, outputs }) => [op, inputs.join(), outputs.join()])).toEqual([
      ["Add", "x,x", "next"],
      ["Identity", "next", "again"],
      ["Identity", "x", "same"],
      ["Relu", "next", "y"],
    ]);
    const program = await compile(graph, { threads: 1 });
    const outputs = await program.run({ x: tensor("float32", [3], Float32Array.of(1, -2, 3)) });
    await program.dispose();
    expect(graph.outputs.map((name) => Array.from(outputs[name]!.data as Float32Array))).toEqual([
      [2, -4, 6],
      [2, -4, 6],
      [1, -2, 3],
      [2, 0, 6],
    ]);
  });
});

describe("blockSize", () => {
  it("is found on every x64 processor with AVX, and always the same", async () => {
    const found = await blockSize();
    expect(process.arch === "x64" ? [8, 16] : [undefined, 8, 16]).toContain(found);
    expect(blockSize()).toBe(blockSize());
  });
});
