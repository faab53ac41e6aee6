import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { STEP } from "../../attacks/index.js";
import { GraphBuilder, type Dim } from "../../graph/index.js";
import { bindForInference, type Classifier } from "../../models/index.js";
import { compile } from "../../runtime/index.js";
import { createGenerator, tensor } from "../../tensor/index.js";
import {
  attentionShift,
  regionActivation,
  SALIENCY,
  saliencyGraph,
  salientRegion,
  upsample,
} from "./index.js";

interface Case {
  readonly from: [number, number];
  readonly to: [number, number];
  readonly map: number[];
  readonly upsampled: number[];
}
const cases = JSON.parse(readFileSync("test/fixtures/measures.json", "utf8")) as Case[];

test.each(cases)("a map $from over an image $to is PyTorch's", ({ from, to, map, upsampled }) => {
  const ours = upsample(Float32Array.from(map), from, to);
  expect(ours).toHaveLength(upsampled.length);
  const error = ours.reduce((most, value, i) => Math.max(most, Math.abs(value - upsampled[i]!)), 0);
  expect(error).toBeLessThan(1e-6);
});

describe("activation on a region", () => {
  const map = Float32Array.of(4, 2, 1, 1);

  test("is the mean of the map over its maximum, inside and outside", () => {
    expect(regionActivation(map, Uint8Array.of(1, 1, 0, 0))).toEqual({ inside: 0.75, outside: 0.25 });
  });

  test("is unknown without a region, without an outside, and of a map of zeros", () => {
    expect(regionActivation(map, new Uint8Array(4))).toBeNull();
    expect(regionActivation(map, Uint8Array.of(1, 1, 1, 1))).toBeNull();
    expect(regionActivation(new Float32Array(4), Uint8Array.of(1, 0, 0, 0))).toBeNull();
  });
});

describe("the shift of attention", () => {
  test("is a cosine and the distance of unit maps: d² = 2 − 2 cos", () => {
    const { cosine, distance } = attentionShift(Float32Array.of(3, 4), Float32Array.of(4, 3));
    expect(cosine).toBeCloseTo(24 / 25, 12);
    expect(distance ** 2).toBeCloseTo(2 - 48 / 25, 12);
  });

  test("does not depend on the scale, and is none between equal maps", () => {
    const map = Float32Array.from({ length: 50 }, (_, i) => createGenerator(1).stream("map", i).uniform());
    const { cosine, distance } = attentionShift(
      map,
      map.map((value) => value * 8),
    );
    expect(cosine).toBeCloseTo(1, 12);
    expect(distance).toBeCloseTo(0, 6);
    expect(attentionShift(new Float32Array(2), new Float32Array(2))).toEqual({ cosine: 1, distance: 0 });
  });
});

describe("saliency", () => {
  test("of a linear classifier is the sum of its absolute weights", async () => {
    const [classes, channels, side] = [3, 2, 4];
    const size = channels * side * side;
    const weights = Float32Array.from(
      { length: size * classes },
      (_, i) => createGenerator(2).stream("w", i).uniform() - 0.5,
    );
    const g = new GraphBuilder<Dim>("linear");
    const image = g.input("image", "float32", ["N", channels, side, side]);
    const flat = g.op("Flatten", [image], { axis: 1 });
    const logits = g.op("MatMul", [flat, g.constant(tensor("float32", [size, classes], weights))]);
    g.output(logits, "logits");
    const classifier = {
      name: "linear",
      graph: g.build(),
      image: "image",
      logits: "logits",
      channels,
      height: side,
      width: side,
      classNames: ["a", "b", "c"],
      parameters: [],
      buffers: [],
      taps: [],
      randomInputs: [],
    } as unknown as Classifier;
    const program = await compile(saliencyGraph(bindForInference(classifier, 2)));
    const outputs = await program.run({
      image: tensor("float32", [2, channels, side, side], new Float32Array(2 * size).fill(0.3)),
      [STEP.oneHot]: tensor("float32", [2, classes], Float32Array.of(1, 0, 0, 0, 0, 1)),
    });
    await program.dispose();
    const area = side * side;
    [0, 2].forEach((label, i) => {
      for (let pixel = 0; pixel < area; pixel++) {
        const wanted = [0, 1].reduce(
          (sum, c) => sum + Math.abs(weights[(c * area + pixel) * classes + label]!),
          0,
        );
        expect((outputs[SALIENCY]!.data as Float32Array)[i * area + pixel]).toBeCloseTo(wanted, 6);
      }
    });
  });

  test("its region is the brightest fifth, where a blob is the blob", () => {
    const side = 40;
    const blob = Float32Array.from({ length: side * side }, (_, i) =>
      Math.exp(-(((i % side) - 10.3) ** 2 + (Math.floor(i / side) - 24.6) ** 2) / 50),
    );
    const region = salientRegion(blob, [side, side]);
    const inside = region.reduce((sum, value) => sum + value, 0);
    expect(inside).toBe(Math.round(0.2 * side * side));
    expect([region[25 * side + 10], region[5 * side + 35]]).toEqual([1, 0]);
  });
});
