// What the benchmarks of single layers share.
import { InferenceSession, Tensor } from "../dist/runtime/onnxruntime.js";
import { writeModel } from "../dist/onnx/index.js";
import { COSTS } from "../dist/runtime/lowering/costs.js";
import { lower } from "../dist/runtime/lowering/index.js";
import { createGenerator } from "../dist/tensor/index.js";
import { threads } from "./settings.mjs";

const RUNS = Number(process.env["RUNS"] ?? 15);

/** Random numbers in [-1, 1] for each shape, by name: `[name, shape, data]`. */
export function randomArrays(shapes) {
  const random = createGenerator(0);
  return Object.entries(shapes).map(([name, shape]) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    return [name, shape, random.stream("bench", name).fillUniform(data, -1, 1)];
  });
}

/** Median milliseconds of a run. */
export async function medianTime(run) {
  const times = [];
  for (let i = 0; i < RUNS; i++) {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[RUNS >> 1];
}

/** All of a value is computed, little of it is copied out. */
export function outputFirst(g, value) {
  g.output(g.op("Slice", [value, g.ints([0]), g.ints([1]), g.ints([0])]), "first");
}

/** Median milliseconds of a run of a graph of float32 inputs, lowered with other costs than the usual ones. */
export async function timeLowered(graph, costs = {}) {
  const { model, optimization } = await lower(graph, { standard: false, costs: { ...COSTS, ...costs } });
  const session = await InferenceSession.create(writeModel(model), {
    intraOpNumThreads: Number(threads),
    enableMemPattern: false,
    graphOptimizationLevel: optimization ?? "all",
    logSeverityLevel: 3,
  });
  const shapes = Object.fromEntries(graph.inputs.map((name) => [name, graph.values.get(name).shape]));
  const feeds = Object.fromEntries(
    randomArrays(shapes).map(([name, shape, data]) => [name, new Tensor("float32", data, shape)]),
  );
  const ms = await medianTime(() => session.run(feeds));
  await session.release();
  return ms;
}
