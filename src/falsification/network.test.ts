import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ints, modelOf, node, vector } from "../../test/model.js";
import { writeModelFile, type Model } from "../onnx/index.js";
import { openNetwork, type Network } from "./network.js";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "holdfast-network-"))));
afterAll(() => rm(root, { recursive: true }));

let files = 0;
async function opened(model: Model): Promise<Network> {
  const path = join(root, `${files++}.onnx`);
  await writeModelFile(path, model);
  const corner = (inputs: number, value: number): Float32Array => new Float32Array(inputs).fill(value);
  return openNetwork(path, { probes: (inputs) => [corner(inputs, -1), corner(inputs, 1)] });
}

/** Of the shape of its input. */
const kept = [node("Relu", ["x"], "y")];
const reshaped = [node("Reshape", ["x", "to"], "y")];

test.each<[what: string, model: Model, isBatched: boolean]>([
  ["an open batch", modelOf(kept, {}, { input: { shape: ["N", 4] } }), true],
  ["a batch of 1", modelOf(kept, {}, { input: { shape: [1, 2, 2, 1] } }), true],
  ["a Reshape to [1, 4]", modelOf(reshaped, { to: vector(1, 4) }, { input: { shape: [1, 2, 2] } }), true],
  ["a Reshape to [1, −1]", modelOf(reshaped, { to: vector(1, -1) }, { input: { shape: [1, 2, 2] } }), true],
  ["no batch", modelOf(kept, {}, { input: { shape: [4] } }), false],
  ["a batch of 2, which is part of the input", modelOf(kept, {}, { input: { shape: [2, 2] } }), false],
  ["an output without a batch", modelOf(reshaped, { to: vector(4) }, { input: { shape: [1, 4] } }), false],
  [
    "what mixes the batch, which only its numbers tell",
    modelOf(
      [node("ReduceMean", ["x"], "m", { axes: ints(0) }), node("Sub", ["x", "m"], "y")],
      {},
      { input: { shape: [1, 4] } },
    ),
    false,
  ],
])("of %s", async (_, model, isBatched) => {
  const network = await opened(model);
  expect(network).toMatchObject({ inputs: 4, outputs: 4, isBatched });
  const { values, outputs } = network.graph(isBatched ? 3 : 1);
  const size = values.get(outputs[0]!)!.shape.reduce((a, b) => a * b, 1);
  expect(size).toBe(isBatched ? 12 : 4);
  expect(await network.run(Float32Array.of(1, 2, 3, 4))).toHaveLength(4);
  await network.dispose();
});
