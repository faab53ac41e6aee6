import { describe, expect, it, test } from "vitest";
import { smallDataset, smallNetwork } from "../../../test/small-network.js";
import { STEP } from "../../attacks/index.js";
import type { Graph } from "../../graph/index.js";
import type { Classifier } from "../../models/index.js";
import { compile, type CompileOptions, type Program } from "../../runtime/index.js";
import { createGenerator } from "../../tensor/index.js";
import {
  type AttackMeasurement,
  evaluateModels,
  worstCase,
  type EvaluateHooks,
  type EvaluateOptions,
  type Result,
  type WarningCode,
} from "../index.js";
import { isRising } from "./signs.js";
import { spread } from "./spread.js";

const TOOL = { name: "holdfast", version: "0.0.0" };
const INFO = { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" };
type Compile = (graph: Graph, options?: CompileOptions) => Promise<Program>;

async function evaluated(
  classifier: Classifier,
  options: Partial<EvaluateOptions> = {},
  hooks: Pick<EvaluateHooks, "compile" | "onEvent" | "now"> = {},
): Promise<Result> {
  const dataset = smallDataset();
  return evaluateModels(
    [{ name: "small", classifier, info: INFO }],
    { dataset, population: dataset.length, seed: null },
    { epsilons: [0.1], attack: "auto", examples: 0, batchSize: 48, threads: 1, ...options },
    { tool: TOOL, ...hooks },
  );
}

const warningOf = ({ warnings }: Result, code: WarningCode): Result["warnings"][number] | undefined =>
  warnings.find((warning) => warning.code === code);
const furtherOf = ({ checks }: Result, purpose: string) =>
  checks![0]!.further?.find((further) => further.purpose === purpose);

const withTaps = (classifier: Classifier): Classifier => ({
  ...classifier,
  taps: classifier.graph.nodes
    .filter(({ op }) => op === "Relu")
    .map(({ outputs }, group) => ({ name: `group-${group}`, value: outputs[0]! })),
});
const rounded = (): Classifier =>
  smallNetwork({ output: (g, z) => g.op("Round", [g.op("Mul", [z, g.scalar(0.5)])]) });

/** Programs whose outputs are changed where they are made. */
function changing(change: (outputs: Record<string, Float32Array>) => void): Compile {
  return async (graph, options) => {
    const program = await compile(graph, options);
    return {
      ...program,
      dispose: () => program.dispose(),
      async run(feeds, fetch) {
        const outputs = await program.run(feeds, fetch);
        change(
          Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array])),
        );
        return outputs;
      },
    };
  };
}

describe("of an honest model", () => {
  it("the checks find nothing, say so, and ask for little", async () => {
    const result = await evaluated(withTaps(smallNetwork()), { epsilons: [0.05] });
    expect(result.warnings.filter(({ severity }) => severity !== "info")).toEqual([]);
    const [checks] = result.checks!;
    expect(checks).toMatchObject({
      repeats: { correct: [48, 48, 48, 48, 48], difference: 0, saturated: 0 },
      signs: { noGradient: 0, lost: 0, rising: 0, refuted: 0, unbounded: 0 },
    });
    expect(checks!.further!.map(({ purpose, broken }) => [purpose, broken])).toEqual([
      ["longer", 0],
      ["adaptive", 0],
    ]);
    expect(checks!.signs!.instability).toBeLessThan(0.1);
    expect(result.statements.some((text) => text.startsWith("small was checked on samples of the"))).toBe(
      true,
    );
    const [, main] = result.measurements as [unknown, { queries: { gradient: number } }];
    const spent = [...checks!.further!, checks!.signs!].reduce(
      (sum, { queries }) => sum + queries.gradient,
      0,
    );
    expect(spent).toBeLessThan(0.2 * main.queries.gradient);
  });

  it("the result without them has the same measurements and no checks", async () => {
    const options = { epsilons: [0.05] };
    const [with_, without] = await Promise.all(
      [true, false].map((checks) => evaluated(smallNetwork(), { ...options, checks })),
    );
    const said = (result: Result): unknown =>
      JSON.parse(
        JSON.stringify(result.measurements, (key, value: unknown) => (key === "seconds" ? 0 : value)),
      );
    expect(without!.checks).toEqual([{ model: "small", repeats: with_!.checks![0]!.repeats }]);
    expect(said(without!)).toEqual(said(with_!));
  });
});

describe("answers that do not repeat", () => {
  const random = createGenerator(9).stream("noise");
  const noisy = changing((outputs) => {
    for (const name of [STEP.cleanLogits, STEP.logits]) {
      outputs[name]?.forEach((z, i, all) => (all[i] = z + 0.1 * (random.uniform() - 0.5)));
    }
  });

  it("are a serious warning, and averaged from then on", async () => {
    const result = await evaluated(smallNetwork(), {}, { compile: noisy });
    const warning = warningOf(result, "unreliable-attack");
    expect(warning).toMatchObject({ severity: "serious" });
    expect(warning!.message).toContain("each output is the mean of 10");
    expect(result.checks![0]!.repeats).toMatchObject({ averagedOver: 10 });
    // Attacked as a model that draws at random is: with draws averaged a step.
    expect(warningOf(result, "fitted")!.message).toContain("mean of up to 5 draws");
  });

  it("are known before the work is told: so much is done in the end", async () => {
    let [work, last] = [0, 0];
    await evaluated(
      smallNetwork(),
      { checks: false },
      {
        compile: noisy,
        onEvent(event) {
          if (event.type === "plan") work = event.work;
          if (event.type === "progress") last = event.done;
        },
      },
    );
    expect(last).toBe(work);
  });

  it("are looked for on the same images, whatever the batch", async () => {
    const result = await evaluated(smallNetwork(), { batchSize: 5, attack: "pgd", options: { steps: 1 } });
    expect(result.checks![0]!.repeats).toMatchObject({ images: 48, correct: [48, 48, 48, 48, 48] });
  });
});

test("an attack that had not converged is run at twice its steps on all that stood, and that counts", async () => {
  const options = {
    attack: "pgd",
    epsilons: [0.3],
    options: { steps: 6, stepSize: 0.02, randomStart: false },
  };
  const result = await evaluated(smallNetwork(), options);
  const [, main] = result.measurements as [unknown, { correct: number; n: number }];
  const longer = furtherOf(result, "longer")!;
  expect(longer.images).toBe(longer.standing);
  expect(longer.broken).toBeGreaterThan(0);
  const warning = warningOf(result, "not-converged");
  expect(warning).toMatchObject({ severity: "warning" });
  expect(warning!.message).toContain("PGD-12, with twice the steps, broke");
  expect(worstCase(result, "small", result.headline!)!.correct).toBe(main.correct - longer.broken);
});

test("what checks take is told by the clock of the evaluation", async () => {
  const options = { attack: "pgd", options: { steps: 5 } };
  const [checks] = (await evaluated(smallNetwork(), options, { now: () => 0 })).checks!;
  expect([checks!.signs!.seconds, ...checks!.further!.map(({ seconds }) => seconds)]).toEqual([0, 0]);
});

test("where iterations show twice the steps, they are not run again", async () => {
  const options = { attack: "pgd", epsilons: [0.05], options: { steps: 10 }, iterations: [20] };
  expect(furtherOf(await evaluated(smallNetwork(), options), "longer")).toBeUndefined();
});

describe("the adaptive attack", () => {
  const options = { attack: "apgd", epsilons: [0.3], options: { steps: 20, loss: "dlr" } };

  it("goes where the loss says nothing and the attention maps do, on all that stood", async () => {
    const result = await evaluated(withTaps(rounded()), options);
    const adaptive = furtherOf(result, "adaptive")!;
    expect(adaptive.images).toBe(adaptive.standing);
    expect(adaptive.broken).toBeGreaterThan(0.5 * adaptive.standing);
    expect(warningOf(result, "not-adaptive")).toMatchObject({ severity: "warning" });
  });

  it("is not tried without maps, nor where it is the attack", async () => {
    expect(furtherOf(await evaluated(rounded(), options), "adaptive")).toBeUndefined();
    const itself = await evaluated(withTaps(rounded()), { attack: "attention-apgd", epsilons: [0.1] });
    expect(furtherOf(itself, "adaptive")).toBeUndefined();
  });
});

describe("the longer search without gradients", () => {
  it("follows a suite whose own search broke what the gradients had left, on all that stood", async () => {
    const result = await evaluated(rounded(), { epsilons: [0.1] });
    const search = furtherOf(result, "search")!;
    expect(search).toMatchObject({ attack: "square-apgd", parameters: { queries: 5000 } });
    expect(search.images).toBe(search.standing);
    expect(warningOf(result, "black-box-stronger")!.message).toContain(
      `run with 5000 queries on all ${search.standing} images that were left: it broke ${search.broken || "none"}`,
    );
  });

  it("does not follow honest gradients", async () => {
    expect(furtherOf(await evaluated(smallNetwork(), { epsilons: [0.05] }), "search")).toBeUndefined();
  });
});

describe("the attack straight through what rounds", () => {
  it("breaks what only rounding hid, on all that stood, and the warning says so", async () => {
    const result = await evaluated(rounded(), { attack: "pgd", epsilons: [0.3] });
    const through = furtherOf(result, "straight-through")!;
    expect(through).toMatchObject({ attack: "apgd", images: through.standing });
    expect(through.broken).toBeGreaterThan(0.5 * through.standing);
    expect(warningOf(result, "zero-gradient")!.message).toContain(
      `run with 100 steps on all ${through.standing} images that were left: it broke ${through.broken}`,
    );
    const left = result.measurements[1]!.correct - through.broken;
    expect(worstCase(result, "small", result.headline!)!.correct).toBeLessThanOrEqual(left);
  });

  it("judges by the model itself, and is not made where nothing rounds", async () => {
    const model = rounded();
    const result = await evaluated(model, { attack: "pgd", epsilons: [0.3] });
    const { prediction, index } = furtherOf(result, "straight-through")!.found;
    const { label } = (result.measurements[1] as AttackMeasurement).perImage!;
    expect(index.length).toBeGreaterThan(0);
    index.forEach((place, i) => expect(prediction[i]).not.toBe(label[place]));
    const honest = await evaluated(smallNetwork(), { attack: "pgd", epsilons: [0.3] });
    expect(furtherOf(honest, "straight-through")).toBeUndefined();
  });
});

describe("the signs of a failing attack", () => {
  it("unstable predictions: a term that noise turns about", async () => {
    const shaken = smallNetwork({
      output(g, z) {
        const x = g.value("image");
        const sines = g.op("Sin", [g.op("Mul", [x, g.scalar(3000)])]);
        const sum = g.op("ReduceSum", [sines, g.ints([1, 2, 3])], { keepdims: 0 });
        const shift = g.op("Unsqueeze", [g.op("Mul", [sum, g.scalar(0.4)]), g.ints([1])]);
        return g.op(
          "Concat",
          [
            g.op("Add", [g.op("Slice", [z, g.ints([0]), g.ints([1]), g.ints([1])]), shift]),
            g.op("Slice", [z, g.ints([1]), g.ints([3]), g.ints([1])]),
          ],
          { axis: 1 },
        );
      },
    });
    const result = await evaluated(shaken, { attack: "pgd", epsilons: [0.02], options: { steps: 5 } });
    expect(result.checks![0]!.signs!.instability).toBeGreaterThan(0.1);
    expect(warningOf(result, "unstable-predictions")).toBeDefined();
  });

  it("unconstrained failure, and unavailable gradients: a model whose outputs are rounded", async () => {
    const result = await evaluated(rounded(), { attack: "pgd", epsilons: [0.1] });
    expect(warningOf(result, "unconstrained-failure")).toMatchObject({ severity: "serious" });
    expect(result.checks![0]!.signs!.noGradient).toBeGreaterThan(0);
  });

  it("incomplete optimisation: steps that are too short", async () => {
    const options = {
      attack: "pgd",
      epsilons: [0.1],
      options: { steps: 30, stepSize: 0.001, randomStart: false },
    };
    const result = await evaluated(smallNetwork(), options);
    expect(result.checks![0]!.signs!.rising).toBe(result.checks![0]!.signs!.images);
    expect(warningOf(result, "incomplete-optimisation")).toBeDefined();
  });

  it("transfer failure: a gradient of another function than the one that is scored", async () => {
    const other = changing((outputs) => {
      // What comes with a gradient names another class; the plain answers do not.
      if (outputs[STEP.gradientPeak] !== undefined)
        outputs[STEP.logits]?.forEach((z, i, all) => (all[i] = -z));
    });
    const result = await evaluated(smallNetwork(), { attack: "apgd", epsilons: [0.01] }, { compile: other });
    expect(result.checks![0]!.signs!.refuted).toBeGreaterThan(0);
    expect(warningOf(result, "transfer-failure")).toMatchObject({ severity: "serious" });
  });
});

test("a loss is rising that gains more than a twentieth of its way in the last ten steps", () => {
  const line = Array.from({ length: 40 }, (_, k) => k / 39);
  expect(isRising(line)).toBe(true);
  expect(isRising([...line, ...Array.from({ length: 10 }, () => 1)])).toBe(false);
  // What falls back again gained nothing.
  expect(isRising([...line, ...Array.from({ length: 10 }, (_, k) => 0.9 + k / 100)])).toBe(false);
  expect(isRising([0, 0, 0])).toBe(false);
  expect(isRising([1])).toBe(false);
});

test("a sample lies evenly over what it is drawn from", () => {
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3)).toEqual([1, 5, 8]);
  expect(spread([4, 5], 7)).toEqual([4, 5]);
});
