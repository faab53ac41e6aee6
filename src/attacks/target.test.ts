import { expect, test } from "vitest";
import { GraphBuilder, type Dim } from "../graph/index.js";
import type { Classifier } from "../models/index.js";
import { compile, rowsPerRun } from "../runtime/index.js";
import { createGenerator, float32 } from "../tensor/index.js";
import { createTarget, type Compile } from "./index.js";

test.each([
  [224, 1, 1],
  [224, 7, 7],
  [224, 8, 4],
  [224, 10, 5],
  [224, 100, 4],
  [448, 9, 5],
  [64, 48, 48],
  [64, 100, 50],
  [32, 128, 128],
  [32, 500, 250],
])("at %i × %i, a batch of %i runs %i at a time", (side, batchSize, rows) => {
  expect(rowsPerRun({ height: side, width: side }, batchSize)).toBe(rows);
});

/** The means of the channels of large images, as logits. */
function largeNetwork(side: number): Classifier {
  const g = new GraphBuilder<Dim>("large");
  const image = g.input("image", "float32", ["N", 3, side, side]);
  const weight = g.initializer("w", float32([3, 3, 1, 1], [1, -1, 0.5, 0.25, 1, -1, -0.5, 0.5, 1]));
  const logits = g.op("Flatten", [g.op("GlobalAveragePool", [g.op("Conv", [image, weight])])]);
  g.output(logits);
  return {
    name: "large",
    graph: g.build(),
    image: image.name,
    logits: logits.name,
    channels: 3,
    height: side,
    width: side,
    classNames: ["a", "b", "c"],
    parameters: ["w"],
    buffers: [],
    taps: [],
  };
}

test("large images are answered in several runs, with the same answers as one at a time", async () => {
  const side = 224;
  const sizes: unknown[] = [];
  const spying: Compile = (graph, options) => {
    sizes.push(graph.values.get("image")!.shape[0]);
    return compile(graph, options);
  };
  const classifier = largeNetwork(side);
  const images = createGenerator(0)
    .stream("images")
    .fillUniform(new Float32Array(10 * 3 * side * side), 0, 1);
  const target = createTarget(classifier, { batchSize: 10, threads: 1, compile: spying });
  const logits = await target.logits(images);
  await target.dispose();
  expect(sizes).toEqual([5]);
  const alone = createTarget(classifier, { batchSize: 5, threads: 1 });
  const parts = [0, 5].map(async (start) =>
    alone.logits(images.subarray(start * alone.imageSize, (start + 5) * alone.imageSize)),
  );
  expect(logits).toEqual(Float32Array.from((await Promise.all(parts)).flatMap((part) => [...part])));
  await alone.dispose();
});
