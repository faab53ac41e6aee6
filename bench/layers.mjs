// What the benchmarks of single layers share.
import { createGenerator } from "../dist/tensor/index.js";

const RUNS = 15;

/** Random numbers in [-1, 1] for each shape, by name: `[name, shape, data]`. */
export function randomArrays(shapes) {
  const random = createGenerator(0);
  return Object.entries(shapes).map(([name, shape]) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b));
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
