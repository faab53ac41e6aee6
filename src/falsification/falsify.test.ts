import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { modelOf, node, vector } from "../../test/model.js";
import { holdfast } from "../../test/runs/holdfast.js";
import { writeModelFile, type Model, type ModelNode } from "../onnx/index.js";
import { openOriginal } from "../runtime/index.js";
import { createGenerator, float32, tensor, toNumbers, type Tensor } from "../tensor/index.js";
import { falsify, formatCounterexample, type Falsification } from "./index.js";

let root = "";
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "holdfast-falsify-"))));
afterAll(() => rm(root, { recursive: true }));

let files = 0;
async function saved(model: Model): Promise<string> {
  const path = join(root, `model-${files++}.onnx`);
  await writeModelFile(path, model);
  return path;
}

/** All inputs in [low, high], and the conditions of the outputs. */
async function property(
  [inputs, outputs]: readonly [number, number],
  [low, high]: readonly [number, number],
  ...conditions: readonly string[]
): Promise<string> {
  const names = (of: string, count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${of}_${i}`);
  const path = join(root, `property-${files++}.vnnlib`);
  const lines = [
    ...[...names("X", inputs), ...names("Y", outputs)].map((name) => `(declare-const ${name} Real)`),
    ...names("X", inputs).map((name) => `(assert (>= ${name} ${low}))(assert (<= ${name} ${high}))`),
    ...conditions.map((condition) => `(assert ${condition})`),
  ];
  await writeFile(path, lines.join("\n"));
  return path;
}

const random = (name: string, shape: readonly number[], deviation = 1): Tensor =>
  float32(
    shape,
    createGenerator(5)
      .stream(name)
      .fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1)), deviation),
  );

const SIZE = 784;
/** relu(x W) V, of whatever shape x is flattened from. */
const layers = (from: string): ModelNode[] => [
  node("MatMul", [from, "w"], "h"),
  node("Relu", ["h"], "r"),
  node("MatMul", ["r", "v"], "y"),
];
const WEIGHTS = { w: random("w", [SIZE, 16], 0.1), v: random("v", [16, 4]) };

function network(shape: readonly (number | string)[], before: readonly ModelNode[], constants = {}): Model {
  return modelOf(
    [...before, ...layers(before.length === 0 ? "x" : "f")],
    { ...WEIGHTS, ...constants },
    {
      input: { shape },
    },
  );
}

const flatten = [node("Flatten", ["x"], "f")];
const SHAPES: Readonly<Record<string, Model>> = {
  "[1, 784]": network([1, SIZE], []),
  "[784]": network([SIZE], []),
  "[N, 784]": network(["N", SIZE], []),
  "[1, 1, 28, 28]": network([1, 1, 28, 28], flatten),
  "[1, 28, 28, 1]": network([1, 28, 28, 1], flatten),
  "[1, 784, 1], flattened by a Reshape to [1, 784]": network(
    [1, SIZE, 1],
    [node("Reshape", ["x", "to"], "f")],
    { to: vector(1, SIZE) },
  ),
};

/** What the file gives, in a session of its own. */
async function outputsOf(path: string, shape: readonly number[], inputs: Float32Array): Promise<number[]> {
  const original = await openOriginal(path);
  const said = await original.run({ x: tensor("float32", shape, inputs) }, "y");
  await original.dispose();
  return [...toNumbers(said)];
}

const unseen = (found: Falsification): object => ({ ...found, seconds: 0 });

describe("a counterexample", () => {
  test.each(Object.entries(SHAPES))("of a model that takes %s", async (_, model) => {
    const path = await saved(model);
    // In the middle the outputs are all 0.
    const spec = await property([SIZE, 4], [-2, 2], "(or (>= Y_1 (+ Y_0 40)) (and (<= Y_2 -40) (>= Y_3 5)))");
    const { answer, counterexample } = await falsify(path, spec, { timeout: 60 });
    expect(answer).toBe("sat");
    const { inputs, outputs } = counterexample!;
    expect(inputs).toHaveLength(SIZE);
    expect(inputs.every((value) => value >= -2 && value <= 2)).toBe(true);
    const shape = model.graph.inputs[0]!.shape!.map((dim) => (typeof dim === "number" ? dim : 1));
    const [y0, y1, y2, y3] = await outputsOf(path, shape, inputs);
    expect([...outputs]).toEqual([y0, y1, y2, y3]);
    expect(y1! >= y0! + 40 || (y2! <= -40 && y3! >= 5)).toBe(true);
  });

  test("is the same of the same seed", async () => {
    const path = await saved(SHAPES["[N, 784]"]!);
    const spec = await property([SIZE, 4], [-2, 2], "(>= Y_1 (+ Y_0 40))");
    const runs = [
      await falsify(path, spec, { seed: 7, timeout: 60 }),
      await falsify(path, spec, { seed: 7, timeout: 60 }),
    ];
    expect(unseen(runs[0]!)).toEqual(unseen(runs[1]!));
  });

  test("in the middle of the box needs no gradient, and a tie counts", async () => {
    const path = await saved(SHAPES["[1, 784]"]!);
    const spec = await property([SIZE, 4], [-1, 1], "(>= Y_1 Y_0)");
    const found = await falsify(path, spec);
    expect(found).toMatchObject({ answer: "sat", climbs: 0, gradientQueries: 0 });
    expect([...found.counterexample!.outputs]).toEqual([0, 0, 0, 0]);
  });

  test("of a box that is one point", async () => {
    const path = await saved(SHAPES["[784]"]!);
    const at = (condition: string): Promise<string> => property([SIZE, 4], [0.5, 0.5], condition);
    const y = await outputsOf(path, [SIZE], new Float32Array(SIZE).fill(0.5));
    const [above, below] = [await at(`(>= Y_2 ${y[2]})`), await at(`(>= Y_2 ${y[2]! + 1e-3})`)];
    expect((await falsify(path, above)).answer).toBe("sat");
    // Nothing is left to be searched.
    expect(await falsify(path, below, { timeout: 600 })).toMatchObject({ answer: "unknown", climbs: 0 });
  });

  test("of several boxes, in the one that has it", async () => {
    const path = await saved(modelOf([node("Relu", ["x"], "y")], {}, { input: { shape: [1, 2] } }));
    const spec = await property(
      [2, 2],
      [-5, 5],
      "(or (and (<= X_0 -1) (>= Y_0 2)) (and (>= X_1 3) (<= X_1 4) (>= Y_1 3.9)))",
    );
    const { counterexample } = await falsify(path, spec, { timeout: 60 });
    expect(counterexample!.inputs[1]).toBeGreaterThanOrEqual(Math.fround(3.9));
    expect(counterexample!.inputs[1]).toBeLessThanOrEqual(4);
  });

  test("behind signs, whose own gradient is 0, and a softmax that saturates", async () => {
    const signs = [
      node("MatMul", ["x", "w1"], "a"),
      node("Sign", ["a"], "b"),
      node("MatMul", ["b", "w2"], "c"),
      node("Sign", ["c"], "d"),
      node("MatMul", ["d", "w3"], "e"),
      node("Softmax", ["e"], "y"),
    ];
    const ones = (name: string, shape: readonly number[]): Tensor =>
      float32(shape, toNumbers(random(name, shape)).map(Math.sign));
    const constants = { w1: ones("w1", [100, 64]), w2: ones("w2", [64, 32]), w3: ones("w3", [32, 5]) };
    const path = await saved(modelOf(signs, constants, { input: { shape: ["N", 100] } }));
    const middle = await outputsOf(path, [1, 100], new Float32Array(100).fill(10));
    const winner = middle.indexOf(Math.max(...middle));
    const others = middle.flatMap((_, k) => (k === winner ? [] : [`(and (>= Y_${k} Y_${winner}))`]));
    const spec = await property([100, 5], [9, 11], `(or ${others.join(" ")})`);
    const { answer, counterexample } = await falsify(path, spec, { timeout: 60 });
    expect(answer).toBe("sat");
    const [most, ...y] = [Math.max(...counterexample!.outputs), ...counterexample!.outputs];
    expect(y.some((value, k) => k !== winner && value === most)).toBe(true);
  });
});

test("unknown is the answer where nothing is found in the time", async () => {
  const path = await saved(modelOf([node("Relu", ["x"], "y")], {}, { input: { shape: [1, 3] } }));
  const spec = await property([3, 3], [-5, 5], "(<= Y_1 -0.001)");
  const told: number[] = [];
  const found = await falsify(path, spec, { timeout: 1, onProgress: ({ climbs }) => told.push(climbs) });
  expect(found).toMatchObject({ answer: "unknown", counterexample: undefined });
  expect(found.gradientQueries).toBeGreaterThan(10);
  expect([told[0], told.at(-1)]).toEqual([0, found.climbs]);
});

test("outputs that are no numbers are no counterexample", async () => {
  const path = await saved(modelOf([node("Log", ["x"], "y")], {}, { input: { shape: [1, 2] } }));
  const spec = await property([2, 2], [-5, -4], "(<= Y_1 0)");
  expect(await falsify(path, spec, { timeout: 1 })).toMatchObject({ answer: "unknown" });
});

describe("what is refused", () => {
  test.each([
    [[783, 4], "declares 783 inputs X_i; the input of", "has 784 elements"],
    [[784, 5], "declares 5 outputs Y_i; the output of", "has 4 elements"],
  ] as const)("a property of %j", async (sizes, ...words) => {
    const path = await saved(SHAPES["[1, 784]"]!);
    const run = falsify(path, await property(sizes, [0, 1], "(>= Y_0 1)"));
    for (const word of words) await expect(run).rejects.toThrow(word);
  });

  test("an input whose size is open beyond the batch", async () => {
    const path = await saved(modelOf([node("Relu", ["x"], "y")], {}, { input: { shape: ["N", "size"] } }));
    await expect(falsify(path, await property([2, 2], [0, 1], "(>= Y_0 1)"))).rejects.toThrow(
      "expected float32 of a known size",
    );
  });
});

describe("the command", () => {
  let model = "";
  let [unsafe, safe] = ["", ""];
  beforeAll(async () => {
    model = await saved(modelOf([node("Relu", ["x"], "y")], {}, { input: { shape: [1, 2] } }));
    unsafe = await property([2, 2], [-5, 5], "(>= Y_1 4)", "(<= Y_0 0)");
    safe = await property([2, 2], [-5, 5], "(<= Y_1 -1)");
  });

  test("says sat with a counterexample as VNN-COMP writes it, keeps it, and ends with 10", async () => {
    const save = join(root, "found.counterexample");
    const { code, stdout, stderr } = await holdfast(["falsify", model, unsafe, "--save", save]);
    expect(code, stderr).toBe(10);
    expect(stdout).toMatch(/^sat\n\(\(X_0 \S+\)\n\(X_1 \S+\)\n\(Y_0 0\)\n\(Y_1 \S+\)\)\n$/);
    expect(`sat\n${await readFile(save, "utf8")}`).toBe(stdout);
    expect(stderr).toContain("1 case");
  });

  test("says unknown, keeps nothing, and ends with 0", async () => {
    const save = join(root, "none.counterexample");
    const { code, stdout, stderr } = await holdfast([
      "falsify",
      model,
      safe,
      "--timeout",
      "1s",
      "--save",
      save,
      "-q",
    ]);
    expect([code, stdout, stderr]).toEqual([0, "unknown\n", ""]);
    await expect(readFile(save)).rejects.toThrow("ENOENT");
  });

  test("says how far it is where it takes longer", async () => {
    const { stderr } = await holdfast(["falsify", model, safe, "--timeout", "3s"]);
    expect(stderr).toMatch(/\d+% [23]\/3 s .*\d+ climbs/);
  });

  test("gives JSON", async () => {
    const { code, stdout } = await holdfast(["falsify", model, unsafe, "--json", "--seed", "3"]);
    expect(code).toBe(10);
    const said = JSON.parse(stdout) as { counterexample: { inputs: number[]; outputs: number[] } };
    expect(said).toMatchObject({ answer: "sat", model, property: unsafe, seed: 3, timeout: 120, cases: 1 });
    expect(said.counterexample.inputs[1]).toBe(said.counterexample.outputs[1]);
    expect(said.counterexample.outputs[1]).toBeGreaterThanOrEqual(4);
  });

  test.each([
    [["--timeout", "0"], 2, "It must be a time such as 90s, 10m, 1h or 1h30m."],
    [["--timeout", "soon"], 2, "It must be a time such as"],
    [["--output", "z"], 3, 'has no output "z"'],
  ])("refuses %j", async (more, code, words) => {
    const found = await holdfast(["falsify", model, unsafe, ...more]);
    expect(found.code).toBe(code);
    expect(found.stderr).toContain(words);
    expect(found.stdout).toBe("");
  });

  test("refuses to overwrite its inputs, and properties it cannot read, by their line", async () => {
    const over = await holdfast(["falsify", model, unsafe, "--save", unsafe]);
    expect([over.code, over.stderr]).toEqual([2, expect.stringContaining("would overwrite the property")]);
    const bad = join(root, "bad.vnnlib");
    await writeFile(bad, "(declare-const X_0 Real)\n(assert (<= X_1 1))\n");
    const read = await holdfast(["falsify", model, bad]);
    expect([read.code, read.stderr]).toEqual([
      3,
      expect.stringContaining(`${bad}, line 2: X_1 is not declared`),
    ]);
  });

  test("has help with examples and exit codes", async () => {
    const { stdout } = await holdfast(["falsify", "--help"]);
    for (const words of ["holdfast falsify model.onnx", "10 sat, 0 unknown", "(default: 2m)"])
      expect(stdout).toContain(words);
  });
});

test("a counterexample is written so that its numbers are the same when they are read", () => {
  const inputs = Float32Array.of(0.1, -3e-45, 16777216);
  const text = formatCounterexample({ inputs, outputs: Float32Array.of(-0.5) });
  expect(text).toBe(`((X_0 ${Math.fround(0.1)})\n(X_1 ${Math.fround(-3e-45)})\n(X_2 16777216)\n(Y_0 -0.5))`);
  expect(Float32Array.from(text.match(/(?<=X_\d )[^)]+/g)!, Number)).toEqual(inputs);
});
