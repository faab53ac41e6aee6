// Runs `falsify` on the instances of a VNN-COMP benchmark, and compares its answers with those of the verifiers:
//   node bench/vnncomp/run.mjs BENCHMARK --results a.csv,b.csv [--timeout 120] [--known sat,unsat] [--limit 10] [--out rows.jsonl]
// after npm run build. BENCHMARK is a folder of one of the competition's repositories with its instances.csv (or
// NAME_instances.csv); the tables are those of the results' repository: category, model, property, …, answer, seconds.
// An instance is known to be sat (unsat) where a tool says so and none says the opposite. A sat where it is known to be unsat ends with
// exit code 1. Nothing of the competition is kept here.
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { falsify } from "../../dist/falsification/index.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    results: { type: "string", default: "" },
    timeout: { type: "string", default: "120" },
    known: { type: "string", default: "sat,unsat" },
    only: { type: "string", default: "" },
    limit: { type: "string", default: "Infinity" },
    threads: { type: "string" },
    seed: { type: "string", default: "0" },
    out: { type: "string" },
  },
});
const [folder] = positionals;
const SAID = { sat: "sat", violated: "sat", unsat: "unsat", holds: "unsat", verified: "unsat" };

const cells = (path) =>
  readFileSync(path, "utf8")
    .split(/\r?\n/)
    .filter((line) => line !== "")
    .map((line) => line.split(",").map((cell) => cell.trim()));
const keyOf = (...paths) => paths.map((path) => basename(path).replace(/\.gz$/, "")).join(" ");

/** Answers by instance: how many tools said each. */
function votes() {
  const said = new Map();
  for (const file of values.results.split(",").filter((name) => name !== "")) {
    for (const [, model, property, , answer = ""] of cells(file)) {
      const word = SAID[answer.toLowerCase()];
      if (word === undefined) continue;
      const key = keyOf(model, property);
      if (!said.has(key)) said.set(key, { sat: 0, unsat: 0 });
      said.get(key)[word]++;
    }
  }
  return said;
}

const answerOf = ({ sat, unsat } = { sat: 0, unsat: 0 }) =>
  sat > 0 && unsat > 0 ? "disputed" : sat > 0 ? "sat" : unsat > 0 ? "unsat" : "open";

/** The file itself; a compressed model is unpacked for the run. */
function unpacked(path, scratch) {
  if (existsSync(path)) return path;
  const plain = join(scratch, basename(path));
  if (!existsSync(plain)) writeFileSync(plain, gunzipSync(readFileSync(`${path}.gz`)));
  return plain;
}

const list = readdirSync(folder).find((name) => /(^|_)instances\.csv$/.test(name));
const said = votes();
const wanted = values.known.split(",");
const scratch = mkdtempSync(join(tmpdir(), "holdfast-vnncomp-"));
const rows = [];
try {
  const counts = {};
  for (const [model, property] of cells(join(folder, list))) {
    const known = answerOf(said.get(keyOf(model, property)));
    counts[known] ??= 0;
    if (!wanted.includes(known) || !`${model} ${property}`.includes(values.only)) continue;
    if (++counts[known] > Number(values.limit)) continue;
    const compressed = join(folder, `${property}.gz`);
    const row = { model, property, known };
    try {
      const { counterexample: _, ...rest } = await falsify(
        unpacked(join(folder, model), scratch),
        existsSync(compressed) ? compressed : join(folder, property),
        {
          timeout: Number(values.timeout),
          seed: Number(values.seed),
          ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
        },
      );
      Object.assign(row, rest);
    } catch (error) {
      Object.assign(row, { answer: "error", problem: error.message, seconds: 0 });
    }
    rows.push(row);
    if (values.out !== undefined) appendFileSync(values.out, `${JSON.stringify(row)}\n`);
    const { answer, seconds, gradientQueries, problem } = row;
    console.error(
      `${known.padEnd(8)} ${answer.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s  ${basename(model)} ${basename(property)} ${problem ?? `${gradientQueries} gradients`}`,
    );
  }
} finally {
  rmSync(scratch, { recursive: true });
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
console.log(
  "| benchmark | known | instances | `sat` | `unknown` | errors | median time of a `sat` | longest |",
);
console.log("|---|---|---|---|---|---|---|---|");
for (const known of wanted) {
  const some = rows.filter((row) => row.known === known);
  const count = (answer) => some.filter((row) => row.answer === answer).length;
  const times = some.filter(({ answer }) => answer === "sat").map(({ seconds }) => seconds);
  const shown =
    times.length === 0 ? ["–", "–"] : [median(times), Math.max(...times)].map((s) => `${s.toFixed(1)} s`);
  const cols = [
    basename(folder),
    known,
    some.length,
    count("sat"),
    count("unknown"),
    count("error"),
    ...shown,
  ];
  console.log(`| ${cols.join(" | ")} |`);
}
if (rows.some(({ known, answer }) => known === "unsat" && answer === "sat")) process.exitCode = 1;
