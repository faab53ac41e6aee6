import type { Dataset } from "../src/data/index.js";
import { GraphBuilder, type Dim, type Value } from "../src/graph/index.js";
import type { Classifier } from "../src/models/index.js";
import { fixture } from "./fixture.js";

/** Side of its images, which have one channel. */
export const SMALL_SIZE = 12;
export const SMALL_CLASSES = 3;

/** The trained network of `test/fixtures/pgd.safetensors` and its images. */
export const smallFixture: ReturnType<typeof fixture> = fixture("pgd");

type Change = (g: GraphBuilder<Dim>, value: Value<Dim>) => Value<Dim>;

/** Two strided convolutions and a linear layer; `input` and `output` put something before and after them. */
export function smallNetwork(
  changes: { readonly input?: Change; readonly output?: Change } = {},
): Classifier {
  const g = new GraphBuilder<Dim>("small");
  const image = g.input("image", "float32", ["N", 1, SMALL_SIZE, SMALL_SIZE]);
  const weight = (name: string): Value<Dim> => g.initializer(name, smallFixture(`weight.${name}`));
  const window = { strides: [2, 2], pads: [1, 1, 1, 1] };
  const seen = changes.input?.(g, image) ?? image;
  const first = g.op("Relu", [g.op("Conv", [seen, weight("0.weight"), weight("0.bias")], window)]);
  const second = g.op("Relu", [g.op("Conv", [first, weight("2.weight"), weight("2.bias")], window)]);
  const flat = g.op("Flatten", [second]);
  const last = g.op("Gemm", [flat, weight("5.weight"), weight("5.bias")], { transB: 1 }, { name: "logits" });
  const logits = changes.output?.(g, last) ?? last;
  g.output(logits);
  return {
    name: "small",
    graph: g.build(),
    image: image.name,
    logits: logits.name,
    channels: 1,
    height: SMALL_SIZE,
    width: SMALL_SIZE,
    classNames: ["a", "b", "c"],
    parameters: ["0.weight", "0.bias", "2.weight", "2.bias", "5.weight", "5.bias"],
    buffers: [],
    taps: [],
  };
}

/** The images of {@link smallNetwork} as a batch to be attacked. */
export function smallBatch(): {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly indices: Uint32Array;
  readonly size: number;
} {
  const labels = smallFixture("labels").data as Int32Array;
  const images = smallFixture("images").data as Float32Array;
  return { images, labels, indices: Uint32Array.from(labels.keys()), size: labels.length };
}

/** The images of {@link smallNetwork} as a dataset. */
export function smallDataset(labels: Int32Array = smallFixture("labels").data as Int32Array): Dataset {
  const images = smallFixture("images").data as Float32Array;
  const size = SMALL_SIZE * SMALL_SIZE;
  return {
    name: "blobs",
    split: "test",
    length: labels.length,
    channels: 1,
    height: SMALL_SIZE,
    width: SMALL_SIZE,
    classNames: Array.from(new Set(labels), (_, k) => "abc"[k]!),
    labels,
    fileName: (index) => `blob ${index}`,
    read: (index, out) => out.set(images.subarray(index * size, (index + 1) * size)),
  };
}
