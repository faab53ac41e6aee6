// Times holdfast and its peers, in turns on the same machine, on the same weights and images.
//   npm run bench                                      the short run: the cases that the README shows
//   npm run bench -- --case resnet18 --rounds 9        every case whose title has these words
//   npm run bench -- --task pgd-step --model densenet121 --size 224 --batch 8     a network of torchvision or timm by its name
//   npm run bench -- --all --out bench/results         every case and peer; writes results.json, results.md, results.svg
//   npm run bench -- --baseline bench/baseline.json    exit code 1 where a ratio fell by more than a tenth
// THREADS: threads of everyone. PYTHON: a Python that has the libraries; else one is made in .bench/.
// A peer whose answer differs from holdfast's is not timed.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { RECIPES } from "../../dist/defences/index.js";
import { CASES, TASKS, titleOf } from "./cases.mjs";
import { chartOf } from "./chart.mjs";
import { installPeers, prepareCase, startByName } from "./peers.mjs";
import { fallenRatios, fasterBy, tableOf } from "./summary.mjs";

const { values: given } = parseArgs({
  options: {
    case: { type: "string", multiple: true },
    task: { type: "string", default: "pgd-step" },
    model: { type: "string" },
    size: { type: "string", default: "224" },
    batch: { type: "string", default: "8" },
    peer: { type: "string", multiple: true },
    all: { type: "boolean" },
    rounds: { type: "string", default: "7" },
    out: { type: "string" },
    baseline: { type: "string" },
  },
});
const USUAL = ["torchattacks", "eager", "channels_last", "compile"];
const threads = Number(process.env["THREADS"] ?? Math.min(2, availableParallelism()));
const say = (text) => process.stderr.write(`${text}\n`);
/** OpenMP and ONNX Runtime let their threads spin for a while after their work. */
const SPIN = 300;
/** Relative difference of answers that float32 explains: gradients near zero change sign, which PGD steps and updates enlarge. */
const TOLERANCE = 0.05;

const isWanted = (each) =>
  given.case === undefined
    ? given.all || each.kept
    : given.case.some((words) => words.split(" ").every((word) => titleOf(each).includes(word)));
const own = { task: given.task, model: given.model, size: Number(given.size), batch: Number(given.batch) };
const wanted = given.model === undefined ? CASES.filter(isWanted) : [own];
if (wanted.length === 0) throw new Error(`no such case; there are:\n  ${CASES.map(titleOf).join("\n  ")}`);
const named =
  given.peer ?? (given.all ? [...new Set(Object.values(TASKS).flatMap(({ peers }) => peers))] : USUAL);
const peers = installPeers(named, ".bench", say);
if (peers.python === undefined)
  throw new Error("the weights and images are made with PyTorch, which could not be installed");

const results = [];
for (const each of wanted) {
  say(`\n${titleOf(each)}`);
  results.push(await timeCase(each));
  process.stdout.write(`${tableOf(results.slice(-1), { header: results.length === 1 })}`);
}
const machine = `${cpus()[0].model}, ${threads} threads`;
const kept = { machine, node: process.version, date: new Date().toISOString().slice(0, 10), results };
if (given.out !== undefined) {
  mkdirSync(join(given.out, ".."), { recursive: true });
  writeFileSync(`${given.out}.json`, `${JSON.stringify(kept, null, 2)}\n`);
  writeFileSync(`${given.out}.md`, `${machine}, ${kept.date}\n\n${tableOf(results, { header: true })}`);
  writeFileSync(`${given.out}.svg`, chartOf(kept));
}
if (given.baseline !== undefined) {
  const fallen = fallenRatios(JSON.parse(readFileSync(given.baseline, "utf8")).results, results);
  for (const line of fallen) say(line);
  process.exitCode = fallen.length > 0 ? 1 : 0;
}

/** Medians of all contestants in one case. */
async function timeCase(each) {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const contestants = [];
  try {
    const about = { ...each, threads, folder, weights: lossWeights(each.task) };
    prepareCase(peers.python, about);
    for (const name of ["holdfast", ...TASKS[each.task].peers.filter((peer) => peers.names.includes(peer))]) {
      const contestant = await startByName(name, about, peers).catch((error) => {
        if (name === "holdfast") throw error;
        say(`${name} is left out: ${error.message}`);
      });
      if (contestant === undefined) continue;
      const off = contestants.length === 0 ? 0 : difference(contestants[0].check, contestant.check);
      if (off <= TOLERANCE) contestants.push(contestant);
      else {
        say(`${name} is left out: its answer is ${off.toPrecision(2)} off`);
        contestant.stop();
      }
    }
    const times = new Map(contestants.map(({ name }) => [name, []]));
    for (let round = 0; round < Number(given.rounds); round++)
      for (let turn = 0; turn < contestants.length; turn++) {
        // Who follows whom changes.
        const contestant = contestants[(turn + round) % contestants.length];
        times.get(contestant.name).push(await contestant.go());
        await pause(SPIN);
      }
    const measured = [];
    for (const { name, versions, end } of contestants)
      measured.push({ name, versions, ms: median(times.get(name)), peakMiB: Math.round(await end()) });
    return { ...each, title: titleOf(each), measured, ...fasterBy(measured) };
  } finally {
    for (const { stop } of contestants) stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function lossWeights(task) {
  const { logitPairing, attentionPairing, inputGradient } = RECIPES[task]?.weights ?? {};
  return { logits: logitPairing, attention: attentionPairing, gradient: inputGradient };
}

function difference(a, b) {
  const largest = Math.max(...a.map(Math.abs));
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / largest;
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
