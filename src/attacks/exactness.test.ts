import { describe, expect, it } from "vitest";
import { evaluate } from "../../test/reference/index.js";
import {
  SMALL_CLASSES as CLASSES,
  SMALL_SIZE as SIZE,
  smallBatch,
  smallFixture,
  smallNetwork,
} from "../../test/small-network.js";
import { bindForInference, type Classifier } from "../models/index.js";
import { compile } from "../runtime/index.js";
import { createGenerator, float32, tensor, type Tensor } from "../tensor/index.js";
import {
  createAdversary,
  createTarget,
  NO_CLASS,
  oneHot,
  pgd,
  planAttack,
  pgdStepGraph,
  PGD_OBJECTIVES,
  runAttack,
  STEP,
  type AttackedBatch,
  type PgdOptions,
  type ThreatModel,
} from "./index.js";

/** The answer must be the gradient's, however large or small the logits are. */
const batch = smallBatch();
const { images, labels, size } = batch;
const linf: ThreatModel = { norm: "linf", epsilon: 0.12 };
const l2: ThreatModel = { norm: "l2", epsilon: 1 };

const scaledBy = (factor: number): Classifier =>
  smallNetwork({ output: (g, logits) => g.op("Mul", [logits, g.scalar(factor)]) });

async function attack(
  classifier: Classifier,
  threat: ThreatModel = linf,
  options: Partial<PgdOptions> = {},
): Promise<AttackedBatch> {
  const target = createTarget(classifier, { batchSize: size, threads: 1 });
  try {
    const steps = { steps: 15, ...options };
    return await runAttack(target, planAttack(pgd, threat, steps), batch, { random: createGenerator(1) });
  } finally {
    await target.dispose();
  }
}

const count = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0);

describe("PGD whatever the scale of the logits", () => {
  it.each([linf, l2])("finds the same under $norm", async (threat) => {
    const { success } = await attack(scaledBy(1), threat);
    expect(count(success)).toBeGreaterThan(5);
    for (const factor of [1e-30, 1e-4, 1e-2, 100, 1e4, 1e20, 1e30]) {
      const scaled = await attack(scaledBy(factor), threat);
      // A power of ten moves the last bits: an image at the edge may tip over.
      const differing = scaled.success.filter((flag, i) => flag !== success[i]).length;
      expect(differing, `logits × ${factor}`).toBeLessThanOrEqual(1);
      expect(count(scaled.zeroGradient)).toBe(0);
    }
  });

  it("breaks what cross-entropy in float32 cannot, by cross-entropy's own direction", async () => {
    const saturated = await attack(scaledBy(1e4), linf, { objective: "cross-entropy" });
    expect(count(saturated.success)).toBeGreaterThan(5);
    expect(count(saturated.zeroGradient)).toBe(0);
  });

  it("trains against the same images where cross-entropy has saturated", async () => {
    const spec = {
      norm: "linf",
      epsilon: 0.12,
      steps: 5,
      relativeStepSize: 0.4,
      randomStart: false,
      objective: "cross-entropy",
    } as const;
    for (const factor of [1, 1e4]) {
      const classifier = scaledBy(factor);
      const weights = new Map(
        classifier.parameters.map((name) => [name, classifier.graph.initializers.get(name)!] as const),
      );
      const adversary = createAdversary(classifier, spec, { batchSize: size, random: createGenerator(1) });
      const adversarial = await adversary.perturb({ images, oneHot: oneHot(labels, CLASSES) }, weights, {
        epsilon: 0.12,
        step: 0,
      });
      for (let i = 0; i < size; i++) {
        const [from, to] = [i * SIZE * SIZE, (i + 1) * SIZE * SIZE];
        const moved = adversarial.subarray(from, to).some((value, k) => value !== images[from + k]);
        expect(moved, `image ${i}, logits × ${factor}`).toBe(true);
      }
      expect(adversary.zeroGradientShare()).toBe(0);
    }
  });
});

describe("a step of PGD", () => {
  const feeds = (n: number, inverseTemperature: number): Record<string, Tensor> => ({
    image: smallFixture("images"),
    [STEP.oneHot]: tensor("float32", [n, CLASSES], oneHot(labels, CLASSES)),
    [STEP.inverseTemperature]: tensor("float32", [n, 1], new Float32Array(n).fill(inverseTemperature)),
    [STEP.stepSize]: tensor("float32", [n, 1, 1, 1], new Float32Array(n).fill(0.2)),
    [STEP.original]: smallFixture("images"),
    [STEP.epsilon]: tensor("float32", [n, 1, 1, 1], new Float32Array(n).fill(1)),
  });

  it("goes along the cross-entropy of float64, in float32", async () => {
    const bound = bindForInference(smallNetwork(), size);
    const exact = evaluate(pgdStepGraph(bound, { norm: "l2", weights: { adversarial: 1 } }), feeds(size, 1));
    const program = await compile(pgdStepGraph(bound, { norm: "l2" }), { threads: 1 });
    const { [STEP.next]: next } = await program.run(feeds(size, 1), [STEP.next]);
    await program.dispose();
    const reference = exact[STEP.next]!.data;
    const off = (values: Float32Array): number =>
      values.reduce((most, value, i) => Math.max(most, Math.abs(value - reference[i]!)), 0);
    expect(off(next!.data as Float32Array)).toBeLessThan(2e-6);
    // What torchattacks' float32 makes of the same step.
    expect(off(smallFixture("l2.1").data as Float32Array)).toBeCloseTo(3e-4, 4);
  });

  it("takes the true sign of a gradient of any magnitude", async () => {
    const moved = async (factor: number): Promise<Float32Array> => {
      const bound = bindForInference(scaledBy(factor), size);
      const program = await compile(pgdStepGraph(bound, { norm: "linf" }), { threads: 1 });
      const bounds = [STEP.lower, STEP.upper].map((name, i) => [
        name,
        tensor("float32", smallFixture("images").shape, new Float32Array(images.length).fill(2 * i - 0.5)),
      ]);
      const given = { ...feeds(size, 1), ...Object.fromEntries(bounds) };
      const { [STEP.next]: next } = await program.run(given, [STEP.next]);
      await program.dispose();
      return next!.data as Float32Array;
    };
    // Logits this small are equal to float32: every class but the label weighs the same.
    const [small, smaller] = [await moved(1e-20), await moved(1e-36)];
    const differing = small.filter((value, i) => Math.abs(value - smaller[i]!) > 1e-6).length;
    expect(differing / small.length).toBeLessThan(0.01);
  });
});

describe("a gradient that says nothing", () => {
  it("is noticed image by image", async () => {
    const rounded = smallNetwork({
      input: (g, image) => {
        const levels = g.scalar(8);
        return g.op("Div", [g.op("Round", [g.op("Mul", [image, levels])]), levels]);
      },
    });
    expect(count((await attack(rounded)).zeroGradient)).toBe(size);
    expect(count((await attack(smallNetwork())).zeroGradient)).toBe(0);
  });

  it("is denormal, too", async () => {
    for (const objective of PGD_OBJECTIVES) {
      const { zeroGradient, nonFinite } = await attack(scaledBy(1e-42), linf, { objective });
      // DLR's quotient lifts it by 10¹² before it meets the small weights: it keeps its digits.
      expect([count(zeroGradient), nonFinite], objective).toEqual([objective === "dlr" ? 0 : size, 0]);
    }
  });

  it("a model that answers NaN is noticed image by image, one that masks a class with −∞ is not", async () => {
    const plus = (...by: number[]): Classifier =>
      smallNetwork({ output: (g, logits) => g.op("Add", [logits, g.constant(float32([CLASSES], by))]) });
    expect((await attack(plus(0, 0, NaN))).nonFinite).toBe(size);
    for (const by of [
      [NaN, 0, 0],
      [0, 0, NaN],
      [NaN, NaN, NaN],
    ]) {
      const { success, cleanPrediction, adversarialPrediction } = await attack(plus(...by));
      expect(count(success), by.join()).toBe(size);
      for (const answer of [...cleanPrediction, ...adversarialPrediction]) expect(answer).toBe(NO_CLASS);
    }
    expect((await attack(plus(0, 0, -Infinity))).nonFinite).toBe(0);
  });

  it("every objective has its name", () => {
    expect(
      PGD_OBJECTIVES.map((objective) => planAttack(pgd, linf, { objective }).options["objective"]),
    ).toEqual([...PGD_OBJECTIVES]);
  });
});
