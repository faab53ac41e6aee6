import { describe, expect, test } from "vitest";
import { attack, GATED as dataset, N } from "../../../test/gate-measurements.js";
import { suiteMeasurement } from "../../../test/suite-measurement.js";
import { checkGates, type AttackMeasurement, type Measurement, type WarningCode } from "../index.js";

const codes = (...measurements: Measurement[]): WarningCode[] =>
  checkGates({ dataset, measurements }).map(({ code }) => code);

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
