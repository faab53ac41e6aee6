// PGD steps of ResNet-50 and ResNet-101 against torchattacks, in turns on the same machine.
//   npm run bench            (PYTHON=… names a Python that has torch, torchvision and torchattacks)
import { execFileSync } from "node:child_process";
import { availableParallelism, cpus } from "node:os";

const python = process.env["PYTHON"] ?? "python3";
const threads = process.env["THREADS"] ?? String(Math.min(2, availableParallelism()));
const rounds = Number(process.env["ROUNDS"] ?? 3);
// As the holdfast command sets it (src/cli/main.ts); Python's malloc is left as it is: so set, it takes 2.5 × as long.
const malloc = { MALLOC_TRIM_THRESHOLD_: "67108864" };
const run = (command, args, env = {}) => {
  try {
    return JSON.parse(
      execFileSync(command, args, { encoding: "utf8", maxBuffer: 1e8, env: { ...process.env, ...env } })
        .trim()
        .split("\n")
        .at(-1),
    );
  } catch (error) {
    console.error(`${command} ${args[0]} could not be run: ${error.message.split("\n")[0]}`);
    return undefined;
  }
};
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

console.log(`${cpus()[0].model}, ${threads} threads, batch 8, 224 × 224, medians of ${rounds} runs in turns`);
for (const model of ["resnet50", "resnet101"]) {
  const args = [model, "8", "224", threads];
  const [ours, theirs] = [[], []];
  for (let round = 0; round < rounds; round++) {
    ours.push(run(process.execPath, ["bench/pgd-step.mjs", ...args], malloc));
    const other = run(python, ["bench/pgd_step.py", ...args]);
    if (other !== undefined) theirs.push(other);
  }
  const summary = (runs) => ({ ms: median(runs.map((r) => r.ms)), mib: median(runs.map((r) => r.peakMiB)) });
  const a = summary(ours);
  console.log(`${model}: holdfast ${a.ms.toFixed(0)} ms, peak ${a.mib.toFixed(0)} MiB`);
  if (theirs.length === 0) continue;
  const b = summary(theirs);
  console.log(
    `${model}: torchattacks ${b.ms.toFixed(0)} ms, peak ${b.mib.toFixed(0)} MiB (${theirs[0].versions})`,
  );
  console.log(`${model}: ${(b.ms / a.ms).toFixed(2)} × as fast, ${(a.mib / b.mib).toFixed(2)} × the memory`);
}
