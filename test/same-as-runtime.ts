import { expect } from "vitest";
import { bind, graphFromModel } from "../src/graph/index.js";
import { readModel, writeModel, type Model } from "../src/onnx/index.js";
import { compile } from "../src/runtime/index.js";
import { InferenceSession, Tensor as NativeTensor } from "../src/runtime/onnxruntime.js";
import { createGenerator, tensor } from "../src/tensor/index.js";

/**
 * Runs a model as ONNX Runtime reads it, and the graph that is made of it, on the same numbers, and holds every output of
 * the one against the other.
 *
 * @param batch bound to the open dimensions of the inputs.
 */
export async function expectSameAsRuntime(
  model: Model,
  { batch = 2, tolerance = 1e-6, low = -1, high = 1 } = {},
): Promise<void> {
  const bytes = writeModel(model);
  const session = await InferenceSession.create(bytes, {
    logSeverityLevel: 3,
    graphOptimizationLevel: "disabled",
  });
  const graph = graphFromModel(readModel(bytes, { place: "m.onnx" }), { place: "m.onnx" });
  const names = new Set(
    [...graph.values.values()].flatMap(({ shape }) => shape.filter((dim) => typeof dim === "string")),
  );
  const bound = bind(graph, Object.fromEntries([...names].map((name) => [name, batch])));
  const random = createGenerator(5);
  const feeds = Object.fromEntries(
    bound.inputs.map((name) => {
      const { shape } = bound.values.get(name)!;
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      return [name, tensor("float32", shape, random.stream(name).fillUniform(data, low, high))] as const;
    }),
  );
  const native = await session.run(
    Object.fromEntries(
      Object.entries(feeds).map(([name, { data, shape }]) => [
        name,
        new NativeTensor("float32", data, [...shape]),
      ]),
    ),
  );
  await session.release();
  const program = await compile(bound, { threads: 1 });
  const ours = await program.run(feeds);
  await program.dispose();
  for (const name of bound.outputs) {
    const expected = native[name]!;
    expect(ours[name]!.shape, name).toEqual([...expected.dims]);
    const values = Array.from(expected.data as ArrayLike<number | bigint>, Number);
    const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    Array.from(ours[name]!.data as ArrayLike<number | bigint>, Number).forEach((value, i) => {
      expect(Math.abs(value - values[i]!), `${name}[${i}]: ${value}, ${values[i]}`).toBeLessThanOrEqual(
        tolerance * scale,
      );
    });
  }
}
