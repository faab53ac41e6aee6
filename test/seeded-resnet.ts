import { withInitializers } from "../src/graph/index.js";
import { createClassifier, type Classifier } from "../src/models/index.js";
import { float32, tensor, type Tensor } from "../src/tensor/index.js";
import { seededImages, seededProbe, seededWeight, steadyWeight } from "./seeded.js";
import { ZEROS } from "./zeros.js";

/** The cases of `scripts/fixtures/resnet.py`: PyTorch in float64 with the same weights and images. */
export const BATCH_SIZE = 4;
export const CLASSES = 5;
const SIZE = 36;
const SAMPLE_STRIDE = 7;
/** Gradients below are rounding: a bias before BatchNorm matters only where a ReLU bends. */
const FLOOR = 1e-2;
const LABELS = [0, 3, 1, 4];
/** Batches whose ReLU inputs stay clear of zero; the script says why. */
const BATCHES: Readonly<Record<string, number>> = {
  "resnet18.eval": 19,
  "resnet18.train": 17,
  "resnet18.steady": 0,
  "resnet50.eval": 432,
  "resnet50.train": 7,
  "resnet50.steady": 0,
};

/** `steady` is the train form with BatchNorm biases that keep ReLUs from flipping in float32. */
export type Form = "eval" | "train" | "steady";

/** The network with seeded weights and running statistics. */
export function seededClassifier(architecture: string, form: Form): Classifier {
  const seeded = form === "steady" ? steadyWeight : seededWeight;
  const classifier = createClassifier(architecture, {
    channels: 3,
    height: SIZE,
    width: SIZE,
    classNames: ["a", "b", "c", "d", "e"],
    normalization: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    random: ZEROS,
  });
  const names = [...classifier.parameters, ...classifier.buffers];
  const shape = (name: string): readonly number[] => classifier.graph.initializers.get(name)!.shape;
  const weights = new Map(names.map((name): [string, Tensor] => [name, seeded(name, shape(name))]));
  return { ...classifier, graph: withInitializers(classifier.graph, weights) };
}

/** Images and one-hot labels of a case. */
export function batchOf(architecture: string, form: Form): { image: Tensor; one_hot: Tensor } {
  const oneHot = LABELS.flatMap((label) => Array.from({ length: CLASSES }, (_, k) => Number(k === label)));
  return {
    image: seededImages(`images.${BATCHES[`${architecture}.${form}`]}`, [BATCH_SIZE, 3, SIZE, SIZE]),
    one_hot: float32([BATCH_SIZE, CLASSES], oneHot),
  };
}

/** The elements of an image gradient that the fixture keeps. */
export function sampled(imageGradient: Tensor): Tensor {
  const size = 3 * SIZE * SIZE;
  const kept = (imageGradient.data as Float32Array).filter((_, i) => (i % size) % SAMPLE_STRIDE === 0);
  return tensor("float32", [BATCH_SIZE, kept.length / BATCH_SIZE], kept);
}

/** max |a − b| / max |b| of each row. */
export function rowErrors(actual: Tensor, expected: Tensor): number[] {
  const [a, b] = [actual.data, expected.data] as [Float32Array, Float64Array];
  const size = b.length / BATCH_SIZE;
  return Array.from({ length: BATCH_SIZE }, (_, n) => {
    let [difference, scale] = [0, 0];
    for (let i = n * size; i < (n + 1) * size; i++) {
      difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
      scale = Math.max(scale, Math.abs(b[i]!));
    }
    return difference / scale;
  });
}

/**
 * How far a tensor is from its summary in the fixture, `[norm, greatest, projection, 8 samples,
 * PyTorch's float32 error]`: the worse of the projection's difference over the norm and the
 * samples' over the greatest element.
 */
export function summaryError(name: string, values: ArrayLike<number>, expected: Tensor): number {
  const [norm, greatest, projection, ...rest] = expected.data as Float64Array;
  const samples = rest.slice(0, -1);
  const scale = (value: number): number => Math.max(FLOOR, value);
  const direction = seededProbe(name, [values.length]).data;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * direction[i]!;
  const errors = samples.map((sample, i) => {
    const value = values[Math.floor((i * values.length) / samples.length)]!;
    return Math.abs(value - sample) / scale(greatest!);
  });
  return Math.max(Math.abs(sum - projection!) / scale(norm!), ...errors);
}

/** What is 1e-4 relative apart agrees, as long as float32 flips no ReLU. */
const TOLERANCE = 1e-4;

/**
 * How far off the results of a case may be: 1e-4 where PyTorch's own float32 stays within it,
 * else as far as PyTorch's float32 is over several batches (which ReLUs flip is chance).
 */
export function allowanceOf(
  expected: (key: string) => Tensor,
  form: Form,
  parameters: readonly string[],
): { readonly logits: number; readonly gradient: number } {
  const [logits, gradients] = expected(`${form}.spread`).data as Float64Array;
  const torch = [
    ...(expected(`${form}.image_grad.float32_error`).data as Float64Array),
    ...parameters.map((name) => (expected(`${form}.grad.${name}`).data as Float64Array).at(-1)!),
  ];
  return {
    logits: Math.max(TOLERANCE, logits!),
    gradient: Math.max(...torch) <= TOLERANCE ? TOLERANCE : gradients!,
  };
}
