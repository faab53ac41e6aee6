import { describe, expect, it } from "vitest";
import { SMALL_SIZE as SIZE, smallDataset, smallNetwork } from "../../test/small-network.js";
import type { GraphBuilder, Value } from "../graph/index.js";
import type { Dim } from "../graph/index.js";
import type { Classifier } from "../models/index.js";
import { subset } from "../data/index.js";
import { createGenerator, float32, int64 } from "../tensor/index.js";
import { evaluateModels, worstCase, type EvaluateOptions, type Result, type WarningCode } from "./index.js";

/**
 * Defences that only seem to be: each hides the gradient of a network that is undefended, or makes it lie. The suite that
 * is run by default must break it, or a serious warning must say that the number is false.
 */
type G = GraphBuilder<Dim>;
type V = Value<Dim>;
const EPSILON = 0.3;
const AREA = SIZE * SIZE;

const input = (change: (g: G, x: V) => V): Classifier => smallNetwork({ input: change });
const output = (change: (g: G, z: V) => V): Classifier => smallNetwork({ output: change });
const times = (g: G, x: V, factor: number): V => g.op("Mul", [x, g.scalar(factor)]);
const levels = (g: G, x: V, count: number): V => times(g, g.op("Round", [times(g, x, count)]), 1 / count);

/** An orthonormal cosine transform of the rows and the columns. */
function cosines(): Float32Array {
  return Float32Array.from({ length: AREA }, (_, i) => {
    const [k, n] = [Math.floor(i / SIZE), i % SIZE];
    return Math.sqrt((k === 0 ? 1 : 2) / SIZE) * Math.cos((Math.PI * (2 * n + 1) * k) / (2 * SIZE));
  });
}

/** Coefficients rounded as by JPEG: the more, the higher their frequency. */
function jpeg(g: G, x: V): V {
  const basis = g.constant(float32([SIZE, SIZE], cosines()));
  const turned = g.op("Transpose", [basis], { perm: [1, 0] });
  const both = (a: V, y: V, b: V): V => g.op("MatMul", [g.op("MatMul", [a, y]), b]);
  const steps = Float32Array.from({ length: AREA }, (_, i) => 0.05 * (1 + Math.floor(i / SIZE) + (i % SIZE)));
  const table = g.constant(float32([SIZE, SIZE], steps));
  const rounded = g.op("Mul", [g.op("Round", [g.op("Div", [both(basis, x, turned), table])]), table]);
  return both(turned, rounded, basis);
}

/** Σ 1[x > t] over nine thresholds: a thermometer code, added up. */
function thermometer(g: G, x: V): V {
  const steps = Array.from({ length: 9 }, (_, i) =>
    g.op("Cast", [g.op("Greater", [x, g.scalar((i + 1) / 10)])], { to: "float32" }),
  );
  return times(
    g,
    steps.reduce((sum, step) => g.op("Add", [sum, step])),
    1 / 9,
  );
}

/** Keeps the greatest third of the pixels of an image. */
function winners(g: G, x: V): V {
  const flat = g.op("Reshape", [x, g.ints([-1, AREA])]);
  const [values] = g.ops("TopK", [flat, g.ints([AREA / 3])], { axis: 1 }, { outputs: 2 });
  const least = g.op("Gather", [values!, g.constant(int64([1], [AREA / 3 - 1]))], { axis: 1 });
  const mask = g.op("Cast", [g.op("GreaterOrEqual", [flat, least])], { to: "float32" });
  return g.op("Reshape", [g.op("Mul", [flat, mask]), g.ints([-1, 1, SIZE, SIZE])]);
}

/** x − sin(2π k x) / (2π k): its slope is 0 at every k-th part. */
function stairs(g: G, x: V): V {
  const k = 2 * Math.PI * 12;
  return g.op("Sub", [x, times(g, g.op("Sin", [times(g, x, k)]), 1 / k)]);
}

function noisy(): Classifier {
  const classifier = input((g, x) => g.op("Add", [x, g.input("noise", "float32", ["N", 1, SIZE, SIZE])]));
  return { ...classifier, randomInputs: [{ name: "noise", draw: { distribution: "normal", scale: 0.3 } }] };
}

/** The greatest of four draws is added to each pixel. */
function greatestNoise(): Classifier {
  const noise = (g: G): V => g.input("noise", "float32", ["N", 4, SIZE, SIZE]);
  const classifier = input((g, x) =>
    g.op("Add", [x, g.op("ReduceMax", [noise(g), g.ints([1])], { keepdims: 1 })]),
  );
  return { ...classifier, randomInputs: [{ name: "noise", draw: { distribution: "normal", scale: 0.2 } }] };
}

/** A random size, then a random place in a frame of zeros. */
function resized(): Classifier {
  const classifier = input((g, x) => {
    const [rows, columns] = ["rows", "columns"].map((name) => g.input(name, "float32", ["N", 1, SIZE, SIZE]));
    const turned = g.op("Transpose", [columns!], { perm: [0, 1, 3, 2] });
    return g.op("MatMul", [g.op("MatMul", [rows!, x]), turned]);
  });
  const draw = { distribution: "resize", from: SIZE, smallest: 10, frame: SIZE } as const;
  const randomInputs = [
    { name: "rows", draw: { ...draw, axis: "rows" } },
    { name: "columns", draw: { ...draw, axis: "columns" } },
  ] as const;
  return { ...classifier, randomInputs };
}

/** The median of each 3 × 3 window. */
function median(g: G, x: V): V {
  const padded = g.op("Pad", [x, g.ints([0, 0, 1, 1, 0, 0, 1, 1])], { mode: "edge" });
  const shifted = Array.from({ length: 9 }, (_, i) => {
    const [top, left] = [Math.floor(i / 3), i % 3];
    return g.op("Slice", [padded, g.ints([top, left]), g.ints([top + SIZE, left + SIZE]), g.ints([2, 3])]);
  });
  const all = g.op("Concat", shifted, { axis: 1 });
  const [values] = g.ops("TopK", [all, g.ints([5])], { axis: 1 }, { outputs: 2 });
  return g.op("Gather", [values!, g.constant(int64([1], [4]))], { axis: 1 });
}

const blurred = (g: G, x: V): V =>
  g.op("AveragePool", [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [1, 1] });

/** One of two networks, as the parity of a sum of the pixels says. */
function switched(g: G, x: V): V {
  const sum = times(g, g.op("ReduceSum", [x, g.ints([1, 2, 3])], { keepdims: 1 }), 500);
  const rest = g.op("Sub", [sum, times(g, g.op("Floor", [times(g, sum, 0.5)]), 2)]);
  return g.op("Where", [g.op("Greater", [rest, g.scalar(1)]), x, blurred(g, x)]);
}

/** 2 (x − x mod ⅛) − x: near x, and its gradient is −1. */
function turnedBack(g: G, x: V): V {
  return g.op("Sub", [times(g, g.op("Floor", [times(g, x, 8)]), 2 / 8), x]);
}

/** A term of little size and a great gradient. */
function loud(g: G, z: V): V {
  const sines = g.op("Sin", [times(g, g.value("image"), 3000)]);
  const sum = g.op("ReduceSum", [sines, g.ints([1, 2, 3])], { keepdims: 0 });
  const by = g.constant(float32([1, 3], [0.02, -0.02, 0.01]));
  return g.op("Add", [z, g.op("Mul", [g.op("Unsqueeze", [sum, g.ints([1])]), by])]);
}

/** The class by the place that TopK counts, and a trickle of the logits that points back. */
function ranked(g: G, z: V): V {
  const [, places] = g.ops("TopK", [z, g.ints([1])], { axis: 1 }, { outputs: 2 });
  const far = g.op("Abs", [
    g.op("Sub", [g.op("Cast", [places!], { to: "float32" }), g.constant(float32([1, 3], [0, 1, 2]))]),
  ]);
  return g.op("Sub", [times(g, far, -10), times(g, z, 1e-3)]);
}

/** A fourth class, for images whose neighbouring pixels differ much. */
function detector(): Classifier {
  const classifier = smallNetwork({
    output(g, z) {
      const x = g.value("image");
      const kernel = g.constant(float32([1, 1, 1, 2], [1, -1]));
      const rough = g.op("ReduceMean", [g.op("Abs", [g.op("Conv", [x, kernel])]), g.ints([1, 2, 3])], {
        keepdims: 0,
      });
      const alarm = times(g, g.op("Sub", [rough, g.scalar(0.25)]), 1e4);
      return g.op("Concat", [z, g.op("Reshape", [alarm, g.ints([-1, 1])])], { axis: 1 });
    },
  });
  return { ...classifier, classNames: [...classifier.classNames, "adversarial"] };
}

/** The decision is that of z, but the greater its lead in z, the smaller its lead here. */
function confidenceTurned(g: G, z: V): V {
  return g.op("Sub", [times(g, g.op("Softmax", [times(g, z, 1e3)], { axis: 1 }), 200), z]);
}

/** 1 for the greatest score, less a little of each score. */
function winnerTurned(g: G, z: V): V {
  const greatest = g.op("ReduceMax", [z, g.ints([1])], { keepdims: 1 });
  const winner = g.op("Cast", [g.op("Equal", [z, greatest])], { to: "float32" });
  return g.op("Sub", [winner, times(g, z, 1e-3)]);
}

const DEFENCES: Readonly<Record<string, () => Classifier>> = {
  "logits × 10⁴": () => output((g, z) => times(g, z, 1e4)),
  "logits × 10⁻⁴": () => output((g, z) => times(g, z, 1e-4)),
  "a saturated softmax": () => output((g, z) => g.op("Softmax", [times(g, z, 1e3)], { axis: 1 })),
  "clipped logits": () => output((g, z) => g.op("Clip", [times(g, z, 100), g.scalar(-30), g.scalar(30)])),
  "a shattered last layer": () =>
    output((g, z) => g.op("Add", [z, times(g, g.op("Sin", [times(g, z, 1e3)]), 0.3)])),
  "rounding of the input": () => input((g, x) => levels(g, x, 8)),
  "a JPEG-like quantiser": () => input(jpeg),
  "a thermometer code": () => input(thermometer),
  "k winners take all": () => input(winners),
  "signs of the pixels": () => input((g, x) => g.op("Sign", [g.op("Sub", [x, g.scalar(0.5)])])),
  "a slope of 0 at every twelfth": () => input(stairs),
  "noise at the input": noisy,
  "a detector with a class of its own": detector,
  "logits / 10⁶": () => output((g, z) => times(g, z, 1e-6)),
  "distillation at temperature 100": () => output((g, z) => g.op("Softmax", [times(g, z, 100)], { axis: 1 })),
  "rounding to seven bits": () => input((g, x) => levels(g, x, 64)),
  "logits rounded to whole numbers": () => output((g, z) => g.op("Round", [times(g, z, 2)])),
  "outputs clipped tight": () =>
    output((g, z) => g.op("Clip", [times(g, z, 1e3), g.scalar(-1), g.scalar(1)])),
  "a hyperbolic tangent of the logits": () => output((g, z) => g.op("Tanh", [times(g, z, 8)])),
  "soft signs of the pixels": () =>
    input((g, x) => g.op("Sigmoid", [times(g, g.op("Sub", [x, g.scalar(0.5)]), 300)])),
  "a median filter": () => input(median),
  "the greatest of four noises": greatestNoise,
  "a random resize": resized,
  "an ensemble that a parity switches": () => input(switched),
  "a gradient that points back": () => input(turnedBack),
  "a sine of the pixels": () =>
    input((g, x) => g.op("Add", [x, times(g, g.op("Sin", [times(g, x, 4000)]), 0.1)])),
  "a loud term": () => output(loud),
  "a class counted by TopK": () => output(ranked),
  "a confidence turned round": () => output(confidenceTurned),
  "a winner's score turned round": () => output(winnerTurned),
};

/** No attack breaks these below 10 %, and the result says why. */
const SAID: Readonly<Record<string, readonly WarningCode[]>> = {
  "signs of the pixels": ["zero-gradient"],
  "soft signs of the pixels": ["black-box-stronger", "unconstrained-failure"],
};

async function evaluated(
  classifier: Classifier,
  epsilon = EPSILON,
  options: Pick<EvaluateOptions, "budget"> = {},
  chosen: (label: number) => boolean = () => true,
): Promise<Result> {
  const { classNames } = classifier;
  const all = { ...smallDataset(), classNames };
  const dataset = subset(
    all,
    [...all.labels.keys()].filter((i) => chosen(all.labels[i]!)),
  );
  const info = { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" };
  return evaluateModels(
    [{ name: "small", classifier, info }],
    { dataset, population: dataset.length, seed: null },
    {
      epsilons: [epsilon],
      attack: "auto",
      examples: 0,
      batchSize: 48,
      threads: 1,
      seed: createGenerator(3).seed,
      ...options,
    },
    { tool: { name: "holdfast", version: "0.0.0" } },
  );
}

it.each(Object.entries(DEFENCES))("%s is broken, or said to be false", async (name, make) => {
  const result = await evaluated(make());
  const clean = result.measurements.find(({ kind }) => kind === "clean")!;
  const worst = worstCase(result, "small", result.headline!)!;
  const said = result.warnings.filter(({ severity }) => severity === "serious").map(({ code }) => code);
  expect(clean.accuracy).toBeGreaterThan(0.8);
  if (Object.hasOwn(SAID, name)) expect(said).toEqual(expect.arrayContaining([...SAID[name]!]));
  else expect(worst.accuracy).toBeLessThan(0.1);
});

/** The same where the network holds to a part: what hides a gradient must be told from what is honest. */
describe("in a smaller ball, where the undefended network holds to three quarters", () => {
  const SMALLER = 0.12;
  const honest = ["no defence", "logits / 10⁶", "distillation at temperature 100"];
  const hiding = [
    "a gradient that points back",
    "a sine of the pixels",
    "a loud term",
    "soft signs of the pixels",
    "a confidence turned round",
    "a winner's score turned round",
  ];

  it.each(honest)("%s is not accused", async (name) => {
    const result = await evaluated(DEFENCES[name]?.() ?? smallNetwork(), SMALLER);
    expect(worstCase(result, "small", result.headline!)!.accuracy).toBeCloseTo(0.75, 1);
    expect(result.warnings.filter(({ severity }) => severity !== "info")).toEqual([]);
  });

  it.each(hiding)("%s is said to be false", async (name) => {
    const result = await evaluated(DEFENCES[name]!(), SMALLER);
    expect(result.warnings.filter(({ severity }) => severity === "serious")).not.toEqual([]);
  });
});

it("scores that mislead are noticed within a budget too, where nothing else is checked", async () => {
  const result = await evaluated(DEFENCES["a winner's score turned round"]!(), 0.12, { budget: 1 });
  expect(result.warnings).toContainEqual(
    expect.objectContaining({ code: "misleading-scores", severity: "serious" }),
  );
  expect(result.checks![0]!.further).toBeUndefined();
  expect(result.statements.join()).toContain("The headline was not checked");
});

it("scores that mislead are noticed where all images are of one class", async () => {
  const only = (label: number): boolean => label === 1;
  const found = await evaluated(DEFENCES["a winner's score turned round"]!(), 0.12, { budget: 1 }, only);
  expect(found.checks![0]!.boundary!.cliffs).toBeGreaterThan(0);
  expect(found.warnings.map(({ code }) => code)).toContain("misleading-scores");
  const honest = await evaluated(smallNetwork(), 0.12, { budget: 1 }, only);
  expect(honest.checks![0]!.boundary).toMatchObject({ cliffs: 0 });
  expect(honest.checks![0]!.boundary!.images).toBeGreaterThan(0);
});
