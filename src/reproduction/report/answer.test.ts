import { expect, test } from "vitest";
import { reproductionByHand } from "../../../test/reproduction.js";
import { rankingOf, sentencesOf } from "./answer.js";
import { renderReproduction } from "./index.js";

const ROWS = [
  { model: "undefended", recipe: "undefended", clean: 90, attacked: 60 },
  { model: "pat", recipe: "pat", clean: 85, attacked: 80 },
  { model: "at-alp", recipe: "at-alp", clean: 88, attacked: 84 },
];
const headingOf = async (rows: typeof ROWS): Promise<string> =>
  /<h1>([^<]*)/.exec(await renderReproduction(reproductionByHand(rows).result))![1]!;

test("defences are ranked by what they keep under white-box attack, at the ε that tells them apart", () => {
  const ranking = rankingOf(reproductionByHand(ROWS).result.datasets[0]!)!;
  expect(ranking.rows.map(({ row }) => row.model)).toEqual(["at-alp", "pat", "undefended"]);
});

test("a lead is said with its interval, and called chance where it may be", async () => {
  // Newcombe's method 10 of 84 − 80 and 84 − 60 of 100, computed in Python.
  expect(sentencesOf(reproductionByHand(ROWS).result.datasets[0]!).slice(0, 2)).toEqual([
    "at-alp is within chance of pat, the next (−6.7 to 14.7 points).",
    "at-alp is ahead of no defence by 11.6 to 35.4 points (95 % interval).",
  ]);
  expect(await headingOf(ROWS)).toMatch(
    /^On pets, at-alp keeps the most: 84\.0 % .*, within chance of the next$/,
  );
  const sure = ROWS.map((row) => (row.model === "pat" ? { ...row, attacked: 60 } : row));
  expect(await headingOf(sure)).toMatch(
    /^On pets, at-alp keeps the most: 84\.0 % under white-box attack, ε = \S+$/,
  );
});

test("an answer that is no better than a guess is last, whatever is left of it under attack", () => {
  const rows = [...ROWS, { model: "constant", recipe: "igr", clean: 50, attacked: 99 }];
  const ranking = rankingOf(reproductionByHand(rows).result.datasets[0]!)!;
  expect(ranking.rows.map(({ row }) => row.model)).toEqual(["at-alp", "pat", "undefended", "constant"]);
});

test("a number that a serious warning calls false comes last with its word, and leads nothing", async () => {
  const { result } = reproductionByHand(ROWS);
  const [dataset] = result.datasets as [(typeof result.datasets)[number]];
  const called = (...models: readonly string[]): typeof result => {
    const measurements = dataset.result.measurements
      .filter((m) => m.kind === "white-box" && models.includes(m.model))
      .map(({ id }) => id);
    const warning = { code: "zero-gradient", severity: "serious", message: "m", measurements } as const;
    return { ...result, datasets: [{ ...dataset, result: { ...dataset.result, warnings: [warning] } }] };
  };
  const one = called("at-alp");
  expect(rankingOf(one.datasets[0]!)!.rows.map(({ row }) => row.model)).toEqual([
    "pat",
    "undefended",
    "at-alp",
  ]);
  const page = await renderReproduction(one);
  expect(page).toMatch(/<h1>On pets, pat keeps the most/);
  expect(page.match(/cannot be trusted: see the checks/g)).toHaveLength(1);
  const all = called(...ROWS.map(({ model }) => model));
  expect(sentencesOf(all.datasets[0]!).join(" ")).not.toContain("ahead of");
  expect(await renderReproduction(all)).toContain("<h1>Attention and Adversarial Logit Pairing, reproduced");
});

test("the ε from which on nothing is left is said", () => {
  const lost = ROWS.map((row) => ({ ...row, attacked: 40 }));
  expect(sentencesOf(reproductionByHand(lost).result.datasets[0]!).at(-1)).toMatch(
    /^From ε = \S+ up, no defence beats a guess \(50\.0 %\) under white-box attack\.$/,
  );
});
