import { describe, expect, test } from "vitest";
import { suiteMeasurement } from "../../test/suite-measurement.js";
import { wilsonInterval } from "./intervals.js";
import {
  accuracyAgainstEpsilon,
  checkGates,
  worstCase,
  type AttackMeasurement,
  type Measured,
  type Measurement,
  type WarningCode,
} from "./index.js";

const N = 1000;
const dataset = {
  name: "d",
  split: "test",
  n: N,
  sampling: "full",
  population: N,
  sampleSeed: null,
  classNames: ["a", "b"],
  classCounts: [500, 500],
  channels: 1,
  height: 1,
  width: 1,
} as const;

const score = (accuracy: number, id: string) => ({
  id,
  model: "m",
  n: N,
  correct: Math.round(accuracy * N),
  accuracy,
  interval: wilsonInterval(Math.round(accuracy * N), N),
  seed: 0,
  seconds: 1,
});

const clean = (accuracy: number): Measurement => ({ ...score(accuracy, "clean"), kind: "clean" });

interface Options {
  readonly attack?: string;
  readonly epsilon?: number;
  readonly steps?: number;
  readonly stepSize?: number;
  readonly source?: string;
  readonly nonFinite?: number;
  readonly zeroGradient?: AttackMeasurement["zeroGradient"];
}

function attack(accuracy: number, options: Options = {}): AttackMeasurement {
  const { epsilon = 0.3, steps = 40, stepSize = (2.5 * epsilon) / steps, source, nonFinite = 0 } = options;
  const common = {
    ...score(accuracy, `${source ?? "white"}-${epsilon}-${steps}`),
    attack: options.attack ?? "pgd",
    threat: { norm: "linf" as const, epsilon },
    parameters: {
      steps,
      stepSize,
      randomStart: true,
      restarts: 1,
      objective: "cross-entropy",
      targeted: false,
    },
    queries: { forward: 0, gradient: 0 },
    largestPerturbation: epsilon,
    nonFinite,
    zeroGradient: options.zeroGradient,
  };
  return source === undefined ? { ...common, kind: "white-box" } : { ...common, kind: "transfer", source };
}

const codes = (...measurements: Measurement[]): WarningCode[] =>
  checkGates({ dataset, measurements }).map(({ code }) => code);

describe("each gate is raised by what it is for, and not by what is sound", () => {
  const cases: readonly [WarningCode, Measurement[], Measurement[]][] = [
    [
      "short-reach",
      [attack(0.5, { steps: 10, stepSize: 0.01 })],
      [attack(0.5, { steps: 30, stepSize: 0.01 })],
    ],
    ["gray-image", [attack(0.6, { epsilon: 0.5 })], [attack(0.5, { epsilon: 0.5 })]],
    [
      "above-chance",
      [attack(0.9, { epsilon: 0.1 }), attack(0.8, { epsilon: 0.3 })],
      [attack(0.9, { epsilon: 0.1 }), attack(0.5, { epsilon: 0.3 })],
    ],
    [
      "not-monotone",
      [attack(0.5, { epsilon: 0.1 }), attack(0.6, { epsilon: 0.2 })],
      [attack(0.5, { epsilon: 0.1 }), attack(0.51, { epsilon: 0.2 })],
    ],
    ["collapsed", [clean(0.51)], [clean(0.6)]],
    ["collapsed", [clean(0.5)], [{ ...clean(1), n: 2, correct: 2, interval: wilsonInterval(2, 2) }]],
    [
      "transfer-stronger",
      [attack(0.9), attack(0.8, { source: "other" })],
      [attack(0.8), attack(0.799, { source: "other" })],
    ],
    [
      "not-converged",
      [attack(0.7, { steps: 20, stepSize: 0.02 }), attack(0.5, { steps: 40, stepSize: 0.02 })],
      [attack(0.7, { steps: 20, stepSize: 0.02 }), attack(0.69, { steps: 40, stepSize: 0.02 })],
    ],
    ["non-finite", [attack(0.5, { nonFinite: 1 })], [attack(0.5)]],
    [
      "zero-gradient",
      [attack(0.5, { zeroGradient: { images: 9, standing: 1, operators: [] } })],
      [attack(0.5, { zeroGradient: { images: 9, standing: 0, operators: ["Sign (a)"] } })],
    ],
    [
      "hidden-steps",
      [
        attack(0.5, {
          zeroGradient: { images: 0, standing: 0, operators: ["Sign (a)"], steps: ["Sign (a)"] },
        }),
      ],
      [
        attack(0.5, { zeroGradient: { images: 0, standing: 0, operators: ["Sign (a)"] } }),
        attack(0, { zeroGradient: { images: 0, standing: 0, operators: ["Sign (a)"], steps: ["Sign (a)"] } }),
      ],
    ],
  ];
  test.each(cases)("%s", (code, raising, sound) => {
    expect(codes(...raising)).toContain(code);
    expect(codes(...sound)).not.toContain(code);
  });
});

test("outputs of NaN are always warned of, and make an accuracy false only if an image counts as right", () => {
  const said = (accuracy: number): string[] =>
    checkGates({ dataset, measurements: [attack(accuracy, { nonFinite: 1 })] })
      .filter(({ code }) => code === "non-finite")
      .map(({ message }) => message);
  expect(said(0.5)).toEqual([expect.stringMatching(/count as wrong, so the accuracy is false\.$/)]);
  expect(said(0)).toEqual([expect.stringMatching(/count as wrong\.$/)]);
});

test("a guessed preprocessing weakens every number of its model, and only of that", () => {
  const guess = {
    name: "-1 to 1",
    options: "--mean 0.5 --std 0.5",
    images: 50,
    correct: 42,
    asGood: [{ name: "0 to 1", options: "--pixel-range 1" }],
  };
  const measurements = [clean(0.84), attack(0.5), { ...clean(0.9), id: "other", model: "other" }];
  const models = [{ name: "m", guess }, { name: "other" }];
  const warnings = checkGates({ dataset, measurements, models });
  const [warning] = warnings.filter(({ code }) => code === "guessed-pixels");
  expect(warning).toMatchObject({ severity: "warning", measurements: ["clean", "white-0.3-40"] });
  expect(warning!.message).toBe(
    'm: nothing says how its pixels are read. "-1 to 1" was chosen by trial: it was right on 42 of 50 images. ' +
      'The trial cannot tell it apart from "0 to 1" (--pixel-range 1). If the model was trained with other preprocessing, none of its ' +
      "numbers hold. If the choice is right, give it as --mean 0.5 --std 0.5, or save it with holdfast inspect --data … --write.",
  );
});

test("images made on the model itself are no black-box attack", () => {
  expect(codes(attack(0.9), attack(0.8, { source: "m" }))).not.toContain("transfer-stronger");
});

describe("the gray image beside PGD", () => {
  const gray = (accuracy: number, epsilon = 0.5): AttackMeasurement => {
    const measured = attack(accuracy, { epsilon, attack: "gray-image" });
    return {
      ...measured,
      id: `gray-${epsilon}`,
      parameters: { ...measured.parameters, steps: null, stepSize: null, objective: null },
    };
  };

  test("is a black-box attack: where it breaks more, the gradient is hidden", () => {
    expect(codes(attack(0.2, { epsilon: 0.5 }), gray(0.1))).toContain("transfer-stronger");
    expect(codes(attack(0.1, { epsilon: 0.5 }), gray(0.2))).not.toContain("transfer-stronger");
  });

  test("is no white-box attack that a transferred image has to beat", () => {
    const measurements = [attack(0.3, { epsilon: 0.5 }), attack(0.2, { epsilon: 0.5, source: "other" })];
    expect(codes(...measurements, gray(0.1))).toEqual(["transfer-stronger", "transfer-stronger"]);
  });

  test("does not reach the edge of the ball for a PGD that is too short", () => {
    expect(codes(attack(0.2, { epsilon: 0.5, steps: 10, stepSize: 0.01 }), gray(0.2))).toContain(
      "short-reach",
    );
  });

  test("makes no curve over ε", () => {
    const measurements = [clean(0.9), gray(0.1), gray(0.1, 0.75)];
    expect(accuracyAgainstEpsilon({ dataset, measurements })).toEqual([]);
  });
});

test("a short attack beside one that reaches its ball is a point of a curve, not a claim", () => {
  const measurements = [attack(0.7, { steps: 5, stepSize: 0.01875 }), attack(0.5, { steps: 40 })];
  expect(codes(...measurements)).not.toContain("short-reach");
  expect(codes(...measurements)).not.toContain("not-converged");
});

test("what is left of a guess under attack is no robustness: every number of the model is warned of", () => {
  const attacked = attack(0.5);
  const collapsed = checkGates({ dataset, measurements: [clean(0.5), attacked] }).find(
    ({ code }) => code === "collapsed",
  );
  expect(collapsed!.measurements).toEqual(["clean", attacked.id]);
});

test("the gravest warnings come first", () => {
  const [first] = checkGates({
    dataset,
    measurements: [clean(0.5), attack(0.4, { steps: 1, stepSize: 0.01 })],
  });
  expect(first!.severity).toBe("serious");
});

test("curves over ε begin with clean accuracy; the worst case is image by image", () => {
  const perImage = (adversarialPrediction: number[]) => ({
    index: [0, 1, 2, 3],
    label: [0, 0, 0, 0],
    cleanPrediction: [0, 0, 0, 0],
    adversarialPrediction,
    success: adversarialPrediction.map((p) => (p === 0 ? 0 : 1)) as (0 | 1)[],
    distance: [0, 0, 0, 0],
  });
  const measured: Measured = {
    dataset,
    measurements: [
      clean(0.9),
      { ...attack(0.5, { epsilon: 0.1 }) },
      { ...attack(0.5), n: 4, correct: 2, perImage: perImage([0, 0, 1, 1]) },
      { ...attack(0.5, { source: "other" }), n: 4, correct: 2, perImage: perImage([0, 1, 0, 1]) },
    ],
  };
  const curve = accuracyAgainstEpsilon(measured).find(({ kind }) => kind === "white-box")!;
  expect(curve.points.map(({ x }) => x)).toEqual([0, 0.1, 0.3]);
  expect(worstCase(measured, "m", { norm: "linf", epsilon: 0.3 })).toMatchObject({ n: 4, correct: 1 });
});

describe("a suite", () => {
  const standard = (square: number, more: Parameters<typeof suiteMeasurement>[1] = {}): AttackMeasurement =>
    suiteMeasurement(
      [
        { attack: "apgd", broken: 300, options: { steps: 100, loss: "cross-entropy" } },
        { attack: "apgd-t", broken: 20, options: { steps: 100, loss: "dlr" } },
        { attack: "fab-t", broken: 0, options: { steps: 100 } },
        { attack: "square", broken: square, options: { queries: 5000 } },
      ],
      { right: 900, n: N, ...more },
    );
  const warningsOf = (classes: number, ...measurements: Measurement[]) => {
    const classNames = Array.from({ length: classes }, (_, k) => String(k));
    return checkGates({ dataset: { ...dataset, classNames }, measurements });
  };

  test("whose Square broke more than .2 points that gradients left is a warning", () => {
    expect(warningsOf(10, standard(2))).toEqual([]);
    const [warning, ...rest] = warningsOf(10, standard(3));
    expect(rest).toEqual([]);
    expect(warning).toMatchObject({ code: "black-box-stronger", severity: "warning" });
    expect(warning!.message).toContain("Square, which uses no gradient, broke 3 of the 580 images");
    expect(warning!.message).toContain("(0.3 % of all)");
    expect(warning!.message).toContain("--attack square --queries 20000");
  });

  test("that begins with Square says nothing of gradients", () => {
    const alone = suiteMeasurement([
      { attack: "square", broken: 50 },
      { attack: "apgd", broken: 0 },
    ]);
    expect(codes(alone)).toEqual([]);
  });

  test.each([
    [2, ["APGD-T"]],
    [3, ["APGD-T"]],
    [4, []],
  ])("of a model with %i classes says where the margin was raised for DLR", (classes, names) => {
    const notes = warningsOf(classes, standard(0), standard(0, { epsilon: 0.2 })).filter(
      ({ code }) => code === "few-classes",
    );
    expect(notes.length).toBe(Math.min(1, names.length));
    for (const { message, severity, measurements } of notes) {
      expect(severity).toBe("info");
      expect(message).toContain(`the model has ${classes}. ${names.join()} raised the margin`);
      expect(measurements.length).toBe(2);
    }
  });

  test("names the stage of two alike, and a single attack, that raised the margin", () => {
    const rand = suiteMeasurement([
      { attack: "apgd", broken: 0, options: { loss: "cross-entropy" } },
      { attack: "apgd", broken: 0, options: { loss: "dlr" } },
    ]);
    expect(warningsOf(2, rand)[0]!.message).toContain("2. APGD (DLR) raised");
    expect(warningsOf(3, rand)).toEqual([]);
    const pgd = attack(0.5, { attack: "pgd" });
    const onDlr = { ...pgd, parameters: { ...pgd.parameters, objective: "dlr" } };
    expect(warningsOf(2, onDlr).map(({ code }) => code)).toContain("few-classes");
    const single = { ...attack(0.5, { attack: "apgd" }) };
    const told = { ...single, parameters: { ...single.parameters, loss: "dlr" } };
    expect(warningsOf(2, told)[0]!.message).toContain("2. APGD raised");
  });

  test("reaches the edge of its ball, for a short PGD beside it too", () => {
    const short = attack(0.7, { steps: 10, stepSize: 0.01 });
    expect(codes(short)).toContain("short-reach");
    expect(codes(short, standard(0))).not.toContain("short-reach");
  });

  test("is no curve over steps, and one over ε", () => {
    const measurements = [standard(0, { epsilon: 0.1 }), standard(0, { right: 1000, epsilon: 0.2 })];
    const [warning] = checkGates({ dataset, measurements }).filter(({ code }) => code === "not-monotone");
    expect(warning!.message).toMatch(/^m, AutoAttack: 58\.0 % at ε = 0\.1 but 68\.0 % at 0\.2/);
    expect(codes(...measurements)).not.toContain("not-converged");
    // A budget had time for more at the smaller ε: that it broke more there is no wonder.
    const [first, second] = measurements as [AttackMeasurement, AttackMeasurement];
    expect(codes({ ...first, further: 3 }, second)).not.toContain("not-monotone");
    expect(codes(first, { ...second, further: 3 })).toContain("not-monotone");
  });

  test("cannot leave more than the gray image, nor be beaten by it", () => {
    const gray = { ...attack(0.1, { epsilon: 0.5, attack: "gray-image" }), id: "gray" };
    const found = warningsOf(10, standard(0, { epsilon: 0.5 }), gray);
    expect(found.map(({ code }) => code)).toEqual(["gray-image", "transfer-stronger"]);
    expect(found[1]!.message).toContain("the white-box AutoAttack 58.0 %. The model hides its gradient");
  });

  test("whose gradient is zero says that only Square searched there", () => {
    const zeroGradient = { images: 9, standing: 4, operators: [] };
    const message = (m: AttackMeasurement): string => codesAndMessages(m).get("zero-gradient")!;
    const codesAndMessages = (m: AttackMeasurement) =>
      new Map(warningsOf(10, m).map((warning) => [warning.code, warning.message]));
    expect(message(standard(0, { zeroGradient }))).toContain("Only Square, which uses none, searched there.");
    expect(message(standard(0, { zeroGradient }))).toContain("give Square more queries");
    // A budget ended before its turn.
    const cut = standard(0, { zeroGradient });
    const stages = cut.stages!.map((stage) =>
      stage.attack === "square" ? { ...stage, unfinished: stage.images } : stage,
    );
    expect(message({ ...cut, stages, unfinished: 580 })).not.toContain("searched there");
    const alone = message(attack(0.5, { zeroGradient }));
    expect(alone).not.toContain("searched there");
    expect(alone).toContain("an attack that needs no gradient (--attack square)");
  });
});

test("a Square that transferred images beat is called too short, and hides no gradient", () => {
  const square = attack(0.9, { attack: "square" });
  const [warning] = checkGates({ dataset, measurements: [square, attack(0.8, { source: "other" })] });
  expect(warning!.message).toContain("needs more queries");
});
