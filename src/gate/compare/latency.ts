import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import type { ValueInfo } from "../../onnx/index.js";
import type { Feeds } from "../../runtime/index.js";
import { tensor, type Tensor } from "../../tensor/index.js";

/** Warm-up runs and timed runs. */
const WARM = 3;
const TIMED = 21;

/**
 * Median milliseconds of one image through a model's file, as ONNX Runtime runs it on this machine. The image is black, because
 * the time of the kernels does not depend on the values.
 *
 * @param image shape of one image, for axes that the file leaves open: `[channels, height, width]`.
 * @throws InputError if ONNX Runtime refuses the file.
 */
export async function timeModel(
  path: string,
  image: readonly [number, number, number],
  threads: number | undefined,
): Promise<number> {
  // Results are compared without ONNX Runtime.
  const { readModelFile } = await import("../../onnx/index.js");
  const { openOriginal } = await import("../../runtime/index.js");
  const { graph } = await readModelFile(path);
  const feeds: Feeds = Object.fromEntries(
    graph.inputs.map((input) => [input.name, blackImage(input, image)]),
  );
  const model = await openOriginal(path, { threads });
  try {
    const output = graph.outputs[0]!.name;
    const seconds: number[] = [];
    for (let run = 0; run < WARM + TIMED; run++) {
      const started = performance.now();
      await model.run(feeds, output);
      if (run >= WARM) seconds.push(performance.now() - started);
    }
    return seconds.sort((a, b) => a - b)[(TIMED - 1) / 2]!;
  } finally {
    await model.dispose();
  }
}

/** Zeros in the input's shape: a batch of one image, with other open axes taken from the image. */
function blackImage(
  { dtype, shape }: ValueInfo,
  [channels, height, width]: readonly [number, number, number],
): Tensor {
  const axes = shape ?? [1, channels, height, width];
  const isLast = axes.length === 4 && axes[3] === channels && axes[1] !== channels;
  const open = isLast ? [1, height, width, channels] : [1, channels, height, width];
  return tensor(
    dtype,
    axes.map((axis, i) => (typeof axis === "number" ? axis : (open[i] ?? 1))),
  );
}

/** Bytes of a model's file, including `NAME.onnx.data` beside it. */
export async function sizeOfModel(path: string): Promise<number> {
  const files = [path, `${path}.data`].filter((file) => existsSync(file));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
