// The tables of docs/reproduction.md, from the results of holdfast reproduce.
//   npm run build && node scripts/results-markdown.mjs docs/results/reproduction-17flowers.json [...]
import { readFile } from "node:fs/promises";
import { publishedValue } from "../dist/reproduction/published.js";
import {
  cleanOf,
  epsilonsOf,
  PAPER_EPSILONS,
  titleOf,
  transferOf,
  whiteBoxOf,
} from "../dist/reproduction/report/tables.js";
import { formatEpsilon } from "../dist/report/index.js";

const SETTINGS = ["gray-box", "black-box"];

/** Aligned as prettier aligns them. */
function markdown(heads, rows) {
  const all = [heads, ...rows];
  const widths = heads.map((_, i) => Math.max(3, ...all.map((row) => row[i].length)));
  const line = (cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  return [line(heads), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

const percent = (value) => (100 * value).toFixed(1);
const accuracy = (measurement) => (measurement === undefined ? "–" : percent(measurement.accuracy));
const beside = (value, paper) => (paper === undefined ? value : `${value} (_${paper}_)`);

function tableOne(dataset) {
  const rows = dataset.rows.map((row) => [
    titleOf(dataset, row),
    accuracy(cleanOf(dataset, row.model)),
    ...SETTINGS.flatMap((setting) =>
      PAPER_EPSILONS.map((epsilon) =>
        beside(
          accuracy(transferOf(dataset, row.model, setting, epsilon)),
          publishedValue("accuracy", dataset.id, row.recipe, setting, epsilon),
        ),
      ),
    ),
  ]);
  const heads = SETTINGS.flatMap((setting) => PAPER_EPSILONS.map((epsilon) => `${setting} ${epsilon}`));
  return markdown(["defence", "clean", ...heads], rows);
}

function whiteBox(dataset) {
  const epsilons = epsilonsOf(dataset).filter((epsilon) =>
    dataset.rows.some(({ model }) => whiteBoxOf(dataset, model, epsilon) !== undefined),
  );
  const cell = (measurement) => {
    if (measurement === undefined) return "–";
    const { low, high } = measurement.interval;
    return `${accuracy(measurement)} [${percent(low)}, ${percent(high)}]`;
  };
  return markdown(
    ["defence", ...epsilons.map(formatEpsilon)],
    dataset.rows.map((row) => [
      titleOf(dataset, row),
      ...epsilons.map((epsilon) => cell(whiteBoxOf(dataset, row.model, epsilon))),
    ]),
  );
}

/** Mean activation on key regions (outside of them), and the cosine of clean and attacked maps, last group. */
function attention(dataset) {
  const measured = dataset.rows.filter((row) => row.measured !== null);
  if (measured.length === 0) return undefined;
  const nameOf = ({ setting, epsilon }) =>
    setting === "clean" ? setting : `${setting} ${formatEpsilon(epsilon)}`;
  const cell = (row, input) => {
    const { inside, outside, cosine } = input.groups.at(-1);
    const paper = publishedValue("activation", dataset.id, row.recipe, input.setting, input.epsilon);
    const values = inside === null ? "–" : `${beside(inside.toFixed(2), paper)} / ${outside.toFixed(2)}`;
    return input.setting === "clean" ? values : `${values} / ${cosine.toFixed(2)}`;
  };
  return markdown(
    ["defence", ...measured[0].measured.map(nameOf)],
    measured.map((row) => [titleOf(dataset, row), ...row.measured.map((input) => cell(row, input))]),
  );
}

for (const path of process.argv.slice(2)) {
  for (const dataset of JSON.parse(await readFile(path, "utf8")).datasets) {
    const parts = [tableOne(dataset), whiteBox(dataset), attention(dataset)];
    console.log(`## ${dataset.title}\n\n${parts.filter((part) => part !== undefined).join("\n\n")}\n`);
  }
}
