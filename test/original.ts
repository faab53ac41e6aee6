import { expect } from "vitest";
import { bind, graphFromModel } from "../src/graph/index.js";
import { writeModel, type Model } from "../src/onnx/index.js";
import { compile } from "../src/runtime/index.js";
import { InferenceSession, Tensor as OrtTensor } from "../src/runtime/onnxruntime.js";
import { createGenerator, tensor, type DType, type Tensor } from "../src/tensor/index.js";

type Values = Readonly<Record<string, Tensor>>;

/** A model as its file has it, in ONNX Runtime. */
interface Original {
  run(feeds: Values): Promise<Values>;
  release(): Promise<void>;
}

/** @param bytes the file. */
export async function openOriginal(
  bytes: Uint8Array,
  optimization: "all" | "disabled" = "all",
): Promise<Original> {
  const session = await InferenceSession.create(bytes, {
    logSeverityLevel: 4,
    graphOptimizationLevel: optimization,
    // Threads would take longer to start and to end than most of these models run.
    intraOpNumThreads: 1,
  });
  const asTensor = ({ type, dims, data }: OrtTensor): Tensor =>
    tensor(type as DType, dims, data as Float32Array);
  return {
    async run(feeds) {
      const given = Object.entries(feeds).map(
        ([name, { dtype, data, shape }]) =>
          [name, new OrtTensor(dtype as "float32", data as Float32Array, shape)] as const,
      );
      const results = await session.run(Object.fromEntries(given));
      return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, asTensor(value)]));
    },
    release: () => session.release(),
  };
}

/** What ONNX Runtime gives for a model as its file has it. */
export async function runOriginal(
  model: Model,
  feeds: Values,
  optimization: "all" | "disabled" = "all",
): Promise<Values> {
  const original = await openOriginal(writeModel(model), optimization);
  const results = await original.run(feeds);
  await original.release();
  return results;
}

/** What the graph that a model is read as gives. */
export async function runImported(model: Model, feeds: Values): Promise<Values> {
  const graph = graphFromModel(model, { place: "m.onnx" });
  const dims: Record<string, number> = {};
  for (const name of graph.inputs) {
    graph.values.get(name)!.shape.forEach((dim, axis) => {
      if (typeof dim === "string") dims[dim] = feeds[name]!.shape[axis]!;
    });
  }
  const program = await compile(bind(graph, dims), { threads: 1 });
  const outputs = await program.run(feeds);
  await program.dispose();
  return outputs;
}

/** Within `tolerance` of the largest number, and of the same shape. */
export function expectClose(found: Values, expected: Values, tolerance = 1e-5): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, value] of Object.entries(expected)) {
    expect(found[name]!.shape).toEqual(value.shape);
    const [a, b] = [found[name]!, value].map(({ data }) => Array.from(data as ArrayLike<number>, Number));
    const scale = b!.reduce((most, each) => Math.max(most, Math.abs(each)), 1e-3);
    a!.forEach((each, i) => {
      if (each === b![i]) return;
      expect(Math.abs(each - b![i]!) / scale, `${name}[${i}]: ${each}, expected ${b![i]}`).toBeLessThan(
        tolerance,
      );
    });
  }
}

/** The model read here gives what ONNX Runtime gives for its file, on an `x` of the given shape between −1 and 1. */
export async function expectAsOriginal(
  model: Model,
  shape: readonly number[],
  tolerance?: number,
): Promise<void> {
  const x = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
  createGenerator(5).stream("x").fillUniform(x, -1, 1);
  const feeds = { x: tensor("float32", shape, x) };
  expectClose(await runImported(model, feeds), await runOriginal(model, feeds), tolerance);
}
