import { describe, expect, it } from "vitest";
import { evaluate } from "../../test/reference/index.js";
import {
  deadCode,
  GraphBuilder,
  namesBehind,
  standardGraph,
  type Graph,
  type Value,
} from "../graph/index.js";
import { createGenerator, sizeOf, tensor, type Tensor } from "../tensor/index.js";
import { appendGradients } from "./index.js";

/** Every gradient of a network's loss, with so many segments computed again. */
function gradients(network: Network, segments: number): Graph {
  const g = new GraphBuilder("network");
  const x = g.input("x", "float32", [2, 3, 6, 6]);
  const weights: Value[] = [];
  const weight = (...shape: number[]): Value => {
    const value = g.input(`w${weights.length}`, "float32", shape);
    weights.push(value);
    return value;
  };
  const y = network(g, x, weight);
  const loss = g.op("ReduceSum", [g.op("Mul", [y, y])], { keepdims: 0 });
  const values = appendGradients(g, {
    of: loss,
    withRespectTo: [x, ...weights],
    recompute: { segments, inputs: [x] },
  });
  g.output(loss, "loss");
  values.forEach((value, i) => g.output(value, i === 0 ? "x_grad" : `w${i - 1}_grad`));
  return deadCode(g.build());
}

type Network = (g: GraphBuilder, x: Value, weight: (...shape: number[]) => Value) => Value;

const pads = [1, 1, 1, 1];
const conv = (g: GraphBuilder, x: Value, w: Value): Value => g.op("Conv", [x, w], { pads });

const NETWORKS: Readonly<Record<string, Network>> = {
  "a chain": (g, x, weight) => {
    let y = x;
    for (let i = 0; i < 6; i++) y = g.op("Tanh", [conv(g, y, weight(3, 3, 3, 3))]);
    return y;
  },
  "residual blocks": (g, x, weight) => {
    let y = x;
    for (let i = 0; i < 4; i++) {
      const inner = g.op("Relu", [conv(g, y, weight(4, 3, 3, 3))]);
      y = g.op("Relu", [g.op("Add", [y, conv(g, inner, weight(3, 4, 3, 3))])]);
    }
    return y;
  },
  "a value that is read to the end": (g, x, weight) => {
    const early = g.op("Sigmoid", [conv(g, x, weight(3, 3, 3, 3))]);
    let y = early;
    for (let i = 0; i < 4; i++) y = g.op("Mul", [g.op("Tanh", [conv(g, y, weight(3, 3, 3, 3))]), early]);
    return g.op("Add", [y, early]);
  },
  "nodes with several outputs": (g, x, weight) => {
    const [a, b, c] = g.ops("Split", [conv(g, x, weight(3, 3, 3, 3))], { axis: 1 }, { outputs: 3 });
    const joined = g.op("Concat", [g.op("Tanh", [c!]), g.op("Exp", [a!]), g.op("Mul", [a!, b!])], {
      axis: 1,
    });
    return g.op("MaxPool", [conv(g, joined, weight(3, 3, 3, 3))], { kernel_shape: [2, 2], strides: [2, 2] });
  },
  "GELU in parts": (g, x, weight) => {
    let y = x;
    for (let i = 0; i < 3; i++) {
      const z = conv(g, y, weight(3, 3, 3, 3));
      const gate = g.op("Add", [g.op("Erf", [g.op("Div", [z, g.scalar(Math.SQRT2)])]), g.scalar(1)]);
      y = g.op("Mul", [g.op("Mul", [z, gate]), g.scalar(0.5)]);
    }
    return y;
  },
};

function feedsOf({ inputs, values }: Graph): Record<string, Tensor> {
  const random = createGenerator(3);
  return Object.fromEntries(
    inputs.map((name) => {
      const { shape } = values.get(name)!;
      const data = random.stream(name).fillUniform(new Float32Array(sizeOf(shape)), -1, 1);
      return [name, tensor("float32", shape, data)];
    }),
  );
}

describe.each(Object.entries(NETWORKS))("%s", (_, network) => {
  const plain = gradients(network, 1);
  const feeds = feedsOf(plain);
  const wanted = evaluate(standardGraph(plain), feeds);

  it.each([2, 3, 5, 100])("computed again in %d segments has the same gradients", (segments) => {
    const graph = gradients(network, segments);
    // With many, all that a segment makes is kept.
    if (segments === 2) expect(graph.nodes.length).toBeGreaterThan(plain.nodes.length);
    const found = evaluate(standardGraph(graph), feeds);
    for (const name of plain.outputs) expect(found[name]!.data, name).toEqual(wanted[name]!.data);
  });

  it("is computed again only from what a gradient has reached", () => {
    const graph = gradients(network, 2);
    const again = graph.nodes.filter(({ name }) => name.includes("/again"));
    expect(again.length).toBeGreaterThan(0);
    const reached = namesBehind(graph, delays(graph));
    for (const { outputs } of again) expect(reached.has(outputs[0]!), outputs[0]).toBe(true);
  });
});

/** Copies that wait for a gradient. */
const delays = ({ nodes }: Graph): string[] =>
  nodes.filter(({ name }) => name.includes("/delayed")).flatMap(({ outputs }) => outputs);
