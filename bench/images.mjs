import { createGenerator } from "../dist/tensor/index.js";

/** Random colour images of 17 classes in memory. */
export function createDatasetForBench(count, size) {
  const random = createGenerator(0);
  const each = 3 * size * size;
  const pixels = random.stream("images").fillUniform(new Float32Array(count * each), 0, 1);
  return {
    name: "bench",
    split: "train",
    length: count,
    channels: 3,
    height: size,
    width: size,
    classNames: Array.from({ length: 17 }, (_, i) => String(i)),
    labels: Int32Array.from({ length: count }, (_, i) => i % 17),
    fileName: (index) => String(index),
    read: (index, out) => out.set(pixels.subarray(index * each, (index + 1) * each)),
  };
}
