import { expect } from "vitest";
import { GraphBuilder, windowOf, windowOutput, type Graph } from "../src/graph/index.js";
import { createGenerator, sizeOf, tensor, type Tensor } from "../src/tensor/index.js";
import type { Convolution } from "./gradcheck/convolution-cases.js";
import { evaluate } from "./reference/index.js";

export function drawn(name: string, shape: readonly number[]): Tensor<"float32"> {
  const data = new Float32Array(sizeOf(shape));
  return tensor("float32", shape, createGenerator(5).stream(name).fillUniform(data, -1, 1));
}

/**
 * A convolution's gradients, outputs "x_grad" and "w_grad", of inputs "x" and "u"; "y" with `forward`. The weight "w" is an
 * input, or a constant with `constant`.
 */
export function convolutionGradients(
  [, image, weight, attributes]: Convolution,
  { forward = false, constant = false }: { readonly forward?: boolean; readonly constant?: boolean } = {},
): Graph {
  const g = new GraphBuilder("gradients");
  const [spatial, kernel] = [image.slice(2), weight.slice(2)];
  const out = windowOutput(spatial, windowOf(attributes, spatial, kernel));
  const x = g.input("x", "float32", image);
  const u = g.input("u", "float32", [image[0]!, weight[0]!, ...out]);
  const w = constant ? g.initializer("w", drawn("w", weight)) : g.input("w", "float32", weight);
  if (forward) {
    const bias = g.input("b", "float32", [weight[0]!]);
    g.output(g.op("Conv", [x, w, bias], attributes), "y");
  }
  g.output(g.op("ConvInputGradient", [u, w], { ...attributes, image_shape: spatial }), "x_grad");
  g.output(g.op("ConvWeightGradient", [x, u], { ...attributes, kernel_shape: kernel }), "w_grad");
  return g.build();
}

/** Holds the outputs of two graphs with the same inputs against each other, in float64. */
export function expectSameValues(graph: Graph, as: Graph): void {
  const feeds = Object.fromEntries(as.inputs.map((name) => [name, drawn(name, as.values.get(name)!.shape)]));
  const [found, expected] = [evaluate(graph, feeds), evaluate(as, feeds)];
  expect(graph.outputs).toEqual(as.outputs);
  for (const name of as.outputs) {
    expect(found[name]!.shape).toEqual(expected[name]!.shape);
    const difference = found[name]!.data.map((value, i) => Math.abs(value - expected[name]!.data[i]!));
    expect(Math.max(...difference), name).toBeLessThan(1e-10);
  }
}
