// Times `holdfast inspect`, and holds its estimates of memory against the peaks of steps that are really run:
//   npm run build && node bench/inspect.mjs [model.onnx …]
// Without models: a ResNet-50 (98 MB) and a ResNet-18 of holdfast's own. Linux only: it reads /proc.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { imagesPerRun, pgdStepGraph } from "../dist/attacks/index.js";
import { deadCode } from "../dist/graph/index.js";
import { bindForInference, createClassifier, loadClassifier, saveClassifier } from "../dist/models/index.js";
import { compile } from "../dist/runtime/index.js";
import { createGenerator, tensor } from "../dist/tensor/index.js";
import { OPTIMISERS, updateGraph } from "../dist/training/index.js";

const ROUNDS = Number(process.env["ROUNDS"] ?? 5);
const BATCHES = [1, 8];
const [kind, model, batch] = process.argv.slice(2);

/** Runs a step twice in this process and prints its peak. */
async function runStep() {
  const classifier = await loadClassifier(model);
  const batchSize = Number(batch);
  const rows = imagesPerRun(classifier, batchSize);
  const graph =
    kind === "--attack"
      ? deadCode(pgdStepGraph(bindForInference(classifier, rows), { norm: "linf" }))
      : updateGraph(classifier, {
          batchSize,
          weights: { clean: 1 },
          optimiser: OPTIMISERS.sgd,
          decayAll: true,
          ema: false,
        }).graph;
  const program = await compile(graph, { threads: 2 });
  const feeds = Object.fromEntries(
    program.inputs.map(({ name, dtype, shape }) => [name, tensor(dtype, shape)]),
  );
  for (const { data } of Object.values(feeds)) data.fill(0.01);
  for (let i = 0; i < 2; i++) await program.run(feeds);
  console.log(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
}

/** As the command sets them for itself. */
const env = { ...process.env, MALLOC_TRIM_THRESHOLD_: "67108864", MALLOC_MMAP_THRESHOLD_: "4194304" };
const self = fileURLToPath(import.meta.url);
const command = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const run = (args) => spawnSync(process.execPath, args, { env, encoding: "utf8", maxBuffer: 2 ** 26 });

/** Has a process say its processor time, in seconds, as the last line of stderr. */
const CLOCK =
  "data:text/javascript,process.on('exit',()=>console.error(process.cpuUsage().user+process.cpuUsage().system))";

function measure(path) {
  const rounds = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    const { stderr } = run(["--import", CLOCK, command, "inspect", path, "--json"]);
    return {
      wall: (performance.now() - started) / 1000,
      processor: Number(stderr.trim().split("\n").at(-1)) / 1e6,
    };
  });
  const [seconds, processor] = ["wall", "processor"].map((each) =>
    rounds.map((one) => one[each]).sort((a, b) => a - b),
  );
  console.log(
    `${basename(path)}: inspect ${seconds[0].toFixed(2)} s at best, median ${seconds[ROUNDS >> 1].toFixed(2)} s, ` +
      `of processor time ${processor[ROUNDS >> 1].toFixed(2)} s`,
  );
  for (const size of BATCHES) {
    const { memory } = JSON.parse(
      run([command, "inspect", path, "--json", "--batch-size", String(size)]).stdout,
    );
    for (const [flag, said] of [
      ["--attack", memory.attackStep],
      ["--train", memory.trainingStep],
    ]) {
      const peak = Number(run([self, flag, path, String(size)]).stdout) * 1024;
      const mib = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;
      const off = `${(100 * (said / peak - 1)).toFixed(0)} %`;
      console.log(
        `  ${flag.slice(2).padEnd(6)} × ${size}: estimated ${mib(said)}, measured ${mib(peak)} (${off})`,
      );
    }
  }
}

async function own(folder, name, side) {
  const path = join(folder, `${name}-${side}.onnx`);
  const classNames = Array.from({ length: 1000 }, (_, k) => `class ${k}`);
  const random = createGenerator(0);
  await saveClassifier(
    createClassifier(name, { channels: 3, height: side, width: side, classNames, random }),
    path,
  );
  return path;
}

if (kind?.startsWith("--")) await runStep();
else {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  try {
    const given = process.argv.slice(2);
    const paths =
      given.length > 0 ? given : [await own(folder, "resnet50", 224), await own(folder, "resnet18", 64)];
    for (const path of paths) measure(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
