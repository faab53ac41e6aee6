import { describe, expect, test } from "vitest";
import { attack, clean, GATED as dataset } from "../../../test/gate-measurements.js";
import { wilsonInterval } from "../intervals.js";
import {
  accuracyAgainstEpsilon,
  checkGates,
  worstCase,
  type AttackMeasurement,
  type Measured,
  type Measurement,
  type WarningCode,
} from "../index.js";

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

test("a Square that transferred images beat is called too short, and hides no gradient", () => {
  const square = attack(0.9, { attack: "square" });
  const [warning] = checkGates({ dataset, measurements: [square, attack(0.8, { source: "other" })] });
  expect(warning!.message).toContain("needs more queries");
});
