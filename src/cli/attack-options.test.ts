import { describe, expect, test } from "vitest";
import { holdfast } from "../../test/runs/holdfast.js";
import { CARDS, SUITES } from "../attacks/index.js";
import { describeAttack } from "./attack-options.js";

const helpOf = async (command: string): Promise<string> => (await holdfast([command, "--help"])).stdout;

describe.each(["evaluate", "attack", "explain"])("%s --help", (command) => {
  test("lists every attack with a line of its own, and suites where they are taken", async () => {
    const help = await helpOf(command);
    for (const { name, help: line } of Object.values(CARDS)) {
      expect(help).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
      expect(help).toContain(line);
    }
    for (const { help: line } of Object.values(SUITES)) {
      expect(help.includes(line)).toBe(command === "evaluate");
    }
    expect(help.includes("Suites")).toBe(command === "evaluate");
  });

  test("says which attacks have an option, and its default in each", async () => {
    const help = (await helpOf(command)).replace(/\s+/g, " ");
    const [, options] = /Options of the attacks:(.*) Attacks:/.exec(help)!;
    expect(options).toContain(
      "--steps <n> steps of each run (default: 40 for pgd; 100 for apgd, apgd-t, fab-t, fab, patch; 30 for square-apgd; 60 for attention-apgd",
    );
    expect(options).toContain(
      "(default: cross-entropy for apgd; dlr for apgd-t, square-apgd, attention-apgd, patch)",
    );
    expect(options).toContain("(default: 5000 for square, hop-skip-jump; 1000 for square-apgd)");
    expect(options).toContain("(default: scaled-cross-entropy for pgd, fgsm)");
    expect(options).toContain(
      "--no-random-start start at the image itself, not at a random point in the ball (pgd)",
    );
    // In the order of the attacks: those of PGD, which is the default, first.
    expect(options!.indexOf("--steps")).toBeLessThan(options!.indexOf("--queries"));
    expect(options).not.toContain("--limit");
  });
});

test("an attack is described with its options, a suite with its attacks and what they are told", () => {
  const said = (attack: string): string => describeAttack({ attack, norm: "linf" }, {}, [0.1]);
  expect(said("square")).toBe("Square, L∞, ε 0.1: queries 5000, patch 0.8");
  expect(said("standard")).toBe("AutoAttack, L∞, ε 0.1: APGD, APGD-T, FAB-T, Square");
  expect(said("apgd")).toMatch(/^APGD, L∞, .*radii constant,/);
  const inL1 = (attack: string): string => describeAttack({ attack, norm: "l1" }, {}, [12]);
  expect(inL1("apgd")).toMatch(/^APGD, L1, ε 12: .*radii shrinking,/);
  expect(inL1("standard")).toBe("AutoAttack, L1, ε 12: APGD (restarts 5), APGD-T (targets 5), FAB-T, Square");
  expect(said("rand")).toBe(
    "AutoAttack rand, L∞, ε 0.1: APGD (20 draws if randomised), APGD (loss dlr, 20 draws if randomised)",
  );
});

test.each([
  [["attack", "--attack", "standard"], "It is a suite of attacks. Run suites with holdfast evaluate."],
  [
    ["evaluate", "--attack", "standard", "--draws", "2"],
    "--draws: does not apply to the suite standard: its attacks set their own options\n  Omit it, or choose one of the suite's " +
      "attacks: apgd, apgd-t, fab-t, square.",
  ],
  [
    ["evaluate", "--attack", "square", "--steps", "2"],
    "has no option --steps\n  Its options are: --queries, --patch.",
  ],
])("%j is refused before the model is read", async ([command, ...typed], message) => {
  const { code, stderr } = await holdfast([command!, "nothing.onnx", ...typed]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
