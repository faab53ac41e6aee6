// PGD steps of files that torchvision exported, against PyTorch's eager step of the same networks, in turns.
//   npm run build && PYTHON=… node bench/imported.mjs [model …]     (a Python that has torch, torchvision and onnx)
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";

const MODELS = process.argv.slice(2);
const models = MODELS.length > 0 ? MODELS : ["vit_b_16", "convnext_tiny", "efficientnet_b0", "swin_t"];
const [batch, size, threads] = [8, 224, 2].map(String);
const rounds = Number(process.env.ROUNDS ?? 3);
const python = process.env.PYTHON ?? "python3";
const folder = process.env.FOLDER ?? mkdtempSync(join(tmpdir(), "holdfast-bench-"));
const run = (command, args) => {
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(stderr.slice(-2000));
  return stdout.trim().split("\n").at(-1);
};
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

console.log(
  `${cpus()[0].model}, ${threads} threads, batch ${batch}, ${size} × ${size}, medians of ${rounds} runs in turns`,
);
for (const model of models) {
  const file = join(folder, `${model}.onnx`);
  const peer = ["bench/imported_step.py", model, batch, size, threads];
  if (!existsSync(file)) run(python, [...peer, file]);
  const [ours, theirs] = [[], []];
  for (let i = 0; i < rounds; i++) {
    ours.push(JSON.parse(run("node", ["bench/imported-step.mjs", file, batch, threads])));
    theirs.push(JSON.parse(run(python, peer)));
  }
  const of = (list, key) => Math.round(median(list.map((each) => each[key])));
  console.log(
    `${model}: holdfast ${of(ours, "ms")} ms, ${of(ours, "peakMiB")} MiB, read in ${of(ours, "readMs")} ms; ` +
      `${theirs[0].versions} NCHW ${of(theirs, "NCHW")} ms, channels_last ${of(theirs, "channels_last")} ms, ` +
      `${of(theirs, "peakMiB")} MiB`,
  );
}
