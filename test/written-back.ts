/** Imported files with other weights, run as they are written back. */
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { modelFromGraph, withInitializers } from "../src/graph/index.js";
import { writeBack, type Imported } from "../src/models/index.js";
import { readModel, readModelFile, writeModel, type Model } from "../src/onnx/index.js";
import { createGenerator, tensor, toNumbers, type Tensor } from "../src/tensor/index.js";
import { relativeError } from "./fixture.js";

export const file = (name: string): Promise<Model> =>
  readModelFile(fileURLToPath(new URL(`fixtures/${name}.onnx`, import.meta.url)));
const random = createGenerator(2);
export const noise = (name: string, ...shape: number[]): Tensor<"float32"> => {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  return tensor("float32", shape, random.stream(name).fillUniform(data, 0, 1));
};

/** What ONNX Runtime gives for a model's only input. */
export async function run(model: Model, input: Tensor): Promise<Float32Array> {
  const bytes = writeModel(readModel(writeModel(model), { place: "m.onnx" }));
  const session = await InferenceSession.create(bytes);
  const data = new OrtTensor(input.dtype as "float32", input.data as Float32Array, input.shape);
  const result = await session.run({ [session.inputNames[0]!]: data });
  await session.release();
  const { data: numbers, dims } = result[session.outputNames[0]!]!;
  return Float32Array.from(
    toNumbers(
      tensor(input.dtype === "float16" ? "float16" : "float32", dims, numbers as Float32Array & Uint16Array),
    ),
  );
}

/** Every weight moved by a little, as training moves it. */
export function moved({ classifier }: Imported): Map<string, Tensor> {
  return new Map(
    [...classifier.parameters, ...classifier.buffers].map((name) => {
      const { shape, data } = classifier.graph.initializers.get(name)! as Tensor<"float32">;
      const change = noise(name, ...shape).data;
      return [
        name,
        tensor(
          "float32",
          shape,
          data.map((value, i) => value + 0.1 * change[i]!),
        ),
      ];
    }),
  );
}

/** The trained classifier on pixels and the written file on what it expects: the same answers? */
export async function compared(
  imported: Imported,
  toFile: (pixels: Tensor<"float32">) => Tensor,
  output: (logits: Float32Array) => Float32Array = (logits) => logits,
): Promise<number> {
  const weights = moved(imported);
  const { classifier } = imported;
  const { channels, height, width } = classifier;
  const pixels = noise("pixels", 2, channels, height, width);
  const ours = modelFromGraph(withInitializers(classifier.graph, weights));
  const written = writeBack(imported, weights);
  return relativeError(await run(written, toFile(pixels)), output(await run(ours, pixels)));
}

export const softmax = (classes: number) => (logits: Float32Array) =>
  logits.map((_, i) => {
    const row = logits.subarray(i - (i % classes), i - (i % classes) + classes);
    return Math.exp(logits[i]!) / row.reduce((sum, value) => sum + Math.exp(value), 0);
  });
