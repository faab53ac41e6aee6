import { describe, expect, test } from "vitest";
import { corrupted, evaluated } from "../../test/evaluated.js";
import type { Result } from "../evaluation/index.js";
import { citationsOf } from "./again.js";
import { titleOf } from "./answer.js";
import { renderReport, sentencesOf } from "./index.js";

const TWO = [
  { name: "a", images: "+".repeat(40) },
  { name: "b", images: "a".repeat(40) },
];
const [only] = TWO as [(typeof TWO)[number]];
const falseAt = (id: string): Pick<Result, "warnings"> => ({
  warnings: [{ code: "zero-gradient", severity: "serious", message: "m", measurements: [id] }],
});

describe("a number that a serious warning calls false", () => {
  const id = "a/white-box/linf-0.1/pgd";

  test("is no answer, and a citation says what it is", () => {
    const sound = { ...evaluated([only]), warnings: [] };
    const result = { ...evaluated([only]), ...falseAt(id) };
    expect(titleOf(sound)).toBe("a is right on at most 100.0 % under attack");
    expect(titleOf(result)).toBe("a: its accuracy under attack cannot be trusted");
    expect(citationsOf(sound)[0]).toContain("seed 0; an upper bound, measured with");
    expect(citationsOf(result)[0]).toContain(
      "seed 0; a serious warning calls this number false (The gradient was zero), measured with",
    );
  });

  test("is not compared with others", () => {
    expect(sentencesOf({ ...evaluated(TWO), warnings: [] }).at(-1)).toContain("a holds up better than b by");
    expect(sentencesOf({ ...evaluated(TWO), ...falseAt(id) }).join(" ")).not.toMatch(
      /holds up better|within chance/,
    );
  });

  test("has its word where nothing was attacked, too", async () => {
    const { measurements } = evaluated([only]);
    const clean = { headline: null, measurements: measurements.slice(0, 1) };
    const wordOf = async (more: Pick<Result, "warnings">): Promise<string | undefined> =>
      /class="verdict[^>]*>([^<]*)/.exec(
        await renderReport(corrupted({ ...evaluated([only]), ...clean, ...more }, { fog: 9 })),
      )?.[1];
    expect(await wordOf({ warnings: [] })).toBeUndefined();
    expect(await wordOf(falseAt("a/clean"))).toBe("cannot be trusted: see the checks below");
  });
});

test("a citation names every attack that its number rests on", () => {
  const measured = evaluated([only]);
  const [clean, pgd] = measured.measurements;
  const square = { ...pgd!, id: "a/white-box/linf-0.1/square", attack: "square" } as typeof pgd;
  const result = { ...measured, warnings: [], measurements: [clean!, pgd!, square!] };
  expect(citationsOf(result)[0]).toMatch(/ under PGD-40, Square[^,]*, L∞, ε = 0\.1, on /);
});
