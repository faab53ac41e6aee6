import { gzipSync } from "node:zlib";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../errors/index.js";
import { propertyOf, type Property } from "./cases.js";
import { parseVnnlib } from "./parse.js";
import { readProperty } from "./read.js";

const HEAD =
  "(declare-const X_0 Real)\n(declare-const X_1 Real)\n(declare-const Y_0 Real)\n(declare-const Y_1 Real)\n";
const BOX = "(assert (>= X_0 -1))(assert (<= X_0 1))(assert (>= X_1 0))(assert (<= X_1 0.5))\n";

const read = (text: string): Property => propertyOf(parseVnnlib(text, "p.vnnlib"), "p.vnnlib");
/** The message without the file's name. */
const refusal = (text: string): string => {
  try {
    read(text);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message.replace("p.vnnlib", "");
  }
  return "read";
};

describe("what is read", () => {
  test("declarations, bounds, and the outputs' condition, with comments", () => {
    const property = read(`; a comment (with brackets\n${HEAD}${BOX}(assert (>= Y_0 Y_1)) ; the end`);
    expect(property).toMatchObject({ inputs: 2, outputs: 2 });
    expect(property.bounds).toEqual([{ outputs: [0, 1], factors: [-1, 1], bound: 0 }]);
    expect(property.cases.map(({ box, bounds }) => ({ ...box(), bounds }))).toEqual([
      { lower: Float32Array.of(-1, 0), upper: Float32Array.of(1, 0.5), bounds: [0] },
    ]);
  });

  test("disjunctions of outputs, and of boxes with outputs", () => {
    const { bounds, cases } = read(`${HEAD}(assert (<= X_0 2)) (assert (>= X_0 -2))
      (assert (or (and (>= X_1 0) (<= X_1 1) (>= Y_0 3)) (and (>= X_1 5) (<= X_1 6) (<= X_0 1))))
      (assert (or (<= Y_1 1.5e0) (>= Y_1 +7.)))`);
    expect(bounds).toEqual([
      { outputs: [0], factors: [-1], bound: -3 },
      { outputs: [1], factors: [1], bound: 1.5 },
      { outputs: [1], factors: [-1], bound: -7 },
    ]);
    expect(cases.map((each) => each.bounds)).toEqual([[0, 1], [0, 2], [1], [2]]);
    expect(cases[2]!.box()).toEqual({ lower: Float32Array.of(-2, 5), upper: Float32Array.of(1, 6) });
    expect(cases.map(({ isShared }) => isShared)).toEqual([false, false, false, false]);
  });

  test("sums, differences and multiples of outputs", () => {
    const { bounds } = read(`${HEAD}${BOX}(assert (<= (+ (* 2 Y_0) (- Y_1) 1) (- 4 Y_0 Y_1)))`);
    expect(bounds).toEqual([{ outputs: [0], factors: [3], bound: 3 }]);
  });

  test("commands of SMT-LIB around it, and quoted words", () => {
    const { cases } = read(
      `(set-logic QF_LRA)(set-info :source "a)\nb")(set-info :x |y (|)\n${HEAD}${BOX}(check-sat)(exit)`,
    );
    expect(cases).toHaveLength(1);
    expect(cases[0]!.bounds).toEqual([]);
  });

  test("bounds are rounded into the box", () => {
    const [lower, upper] = ["0.1", "0.7"].map(Number);
    const box = read(`${HEAD}${BOX}(assert (>= X_0 ${lower}))(assert (<= X_0 ${upper}))`).cases[0]!.box();
    expect(box.lower[0]).toBeGreaterThanOrEqual(lower!);
    expect(box.lower[0]! - lower!).toBeLessThan(1e-8);
    expect(box.upper[0]).toBeLessThanOrEqual(upper!);
    expect(upper! - box.upper[0]!).toBeLessThan(1e-7);
  });

  test("an input that no float32 lies in the bounds of is given the nearest", () => {
    const { lower, upper } = read(`${HEAD}${BOX}(assert (>= X_0 0.1))(assert (<= X_0 0.1))`).cases[0]!.box();
    expect([lower[0], upper[0]]).toEqual([Math.fround(0.1), Math.fround(0.1)]);
  });

  test("cases that contradict themselves are left out", () => {
    const { cases } = read(
      `${HEAD}${BOX}(assert (or (and (>= X_0 3) (>= Y_0 0)) (and (>= X_0 0) (>= Y_0 1))))`,
    );
    expect(cases).toHaveLength(1);
  });
});

describe("what is refused", () => {
  test.each(
    [
      ["", "declares no variable X_0"],
      ["(declare-const X_0 Real)(assert (<= X_0 1))", "declares no variable Y_0"],
      [HEAD, "line 5: asserts nothing"],
      [`${HEAD}(assert (<= X_9 1))`, "line 5: X_9 is not declared"],
      [`${HEAD}(assert (<= Z_0 1))`, 'line 5: "Z_0" is neither a number nor a variable'],
      [`${HEAD}(assert (<= X_0 1e))`, '"1e" is neither a number nor a variable'],
      [`${HEAD}(assert (<= X_0 NaN))`, '"NaN" is neither'],
      [`${HEAD}(assert (<= X_0 1e999))`, "too large for float64"],
      [`${HEAD}(declare-const X_0 Real)`, "line 5: X_0 is declared twice; first on line 1"],
      [`${HEAD}(declare-const X_3 Real)(assert (<= X_0 1))`, "declares 3 variables X_i, but not X_2"],
      [`${HEAD}(declare-const __proto__ Real)`, 'line 5: declares "__proto__"'],
      [`${HEAD}(declare-const X_2 Int)`, 'line 5: X_2 has the type "Int"'],
      [`${HEAD}(assert (< X_0 1))`, 'line 5: "<" is not a supported condition'],
      [`${HEAD}(assert (not (<= X_0 1)))`, '"not" is not a supported condition'],
      [`${HEAD}(assert (or))`, "line 5: or has no parts"],
      [`${HEAD}(assert (<= X_0 1 2))`, "<= compares two sides: expected )"],
      [`${HEAD}(assert (<= X_0))`, "expected a number or a variable"],
      [`${HEAD}(assert (<= X_0 (* Y_0 Y_1)))`, "multiplies variables with each other"],
      [`${HEAD}(assert (<= X_0 (/ 1 2)))`, '"/" is not supported arithmetic'],
      [`${HEAD}(assert (<= X_0 1)`, "the end of the file"],
      [`${HEAD}(assert (and (<= X_0 1)`, "line 5: ends within parentheses"],
      [`${HEAD}(set-info "open`, "never closed"],
      [`${HEAD})`, 'expected a command in parentheses, found ")"'],
      [`${HEAD}(define X 1)`, 'line 5: unknown command "define"'],
      [`${HEAD}${BOX}(assert (<= X_0 X_1))`, "line 6: relates X_0 to other inputs"],
      [`${HEAD}${BOX}(assert (<= X_0 Y_1))`, "line 6: relates X_0 to outputs"],
      [`${HEAD}(assert (<= X_0 1))(assert (>= X_0 0))`, "X_1 has no lower"],
      [`${HEAD}(assert (<= X_0 1))(assert (>= X_0 0))(assert (>= X_1 0))`, "X_1 has no upper bound"],
      [
        `${HEAD}${BOX}(assert (>= X_1 0.75))`,
        "contradicts itself: X_1 is at least 0.75 (line 6) and at most 0.5 (line 5)",
      ],
      [`${HEAD}${BOX}(assert (>= Y_0 2))\n(assert (<= Y_0 1))`, "lines 6 and 7 cannot both hold for Y_0"],
      [
        `${HEAD}${BOX}(assert (<= (- Y_0 Y_1) 1))\n(assert (<= (- Y_1 Y_0) -2))`,
        "lines 6 and 7 cannot both hold for Y_0, Y_1",
      ],
      [`${HEAD}${BOX}(assert (<= 1 0))`, "the condition on line 6 never holds"],
      [`${HEAD}${BOX}(assert (or (>= X_0 2) (<= X_0 -2)))`, "contradicts itself: X_0 is at least 2 (line 6)"],
    ].map(([text, problem]) => [problem!, text!] as const),
  )("%s", (problem, text) => {
    expect(refusal(text)).toContain(problem);
  });

  test("parentheses without end, at once", () => {
    expect(refusal(`${HEAD}(assert ${"(and ".repeat(1e6)}`)).toContain("more than 100 nested parentheses");
    expect(refusal(`${HEAD}(assert (<= X_0 ${"(- ".repeat(1e6)}`)).toContain(
      "more than 100 nested parentheses",
    );
  });

  test("disjunctions that multiply without end, at once", () => {
    const either = "(assert (or (>= Y_0 0) (>= Y_1 0)))\n".repeat(60);
    expect(refusal(HEAD + BOX + either)).toContain(
      "line 6: its disjunctions expand to more than 65536 cases",
    );
  });

  test("files of any length in linear time", () => {
    const long = `${HEAD}${BOX}(assert (<= (+ ${"Y_0 Y_1 1 ".repeat(200_000)}) 3))\n(assert (and ${"(<= Y_0 1) ".repeat(200_000)}))`;
    const began = performance.now();
    expect(read(long).bounds).toHaveLength(2);
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe("files", () => {
  let root = "";
  beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "holdfast-vnnlib-"))));
  afterAll(() => rm(root, { recursive: true }));

  test("are read packed by gzip or not, whatever they are called", async () => {
    const text = `${HEAD}${BOX}(assert (>= Y_0 Y_1))`;
    const [plain, packed] = [join(root, "plain.vnnlib"), join(root, "packed.vnnlib")];
    await writeFile(plain, text);
    await writeFile(packed, gzipSync(text));
    expect((await readProperty(packed)).bounds).toEqual((await readProperty(plain)).bounds);
  });

  test("that are damaged, missing, or unpack without end are refused", async () => {
    const path = join(root, "bad.vnnlib.gz");
    await writeFile(path, gzipSync("x".repeat(1000)).subarray(0, 15));
    await expect(readProperty(path)).rejects.toThrow("its gzip data is damaged");
    await writeFile(path, gzipSync(Buffer.alloc(2 ** 27 + 1, " ")));
    await expect(readProperty(path)).rejects.toThrow("unpacks to more than 134217728 bytes");
    await expect(readProperty(join(root, "none.vnnlib"))).rejects.toThrow("does not exist");
  });
});
