// Runs a program of ours and its Python peer in turns on the same machine, each in a process of its own.
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";

export const python = process.env["PYTHON"] ?? "python3";
export const threads = process.env["THREADS"] ?? String(Math.min(2, availableParallelism()));
export const rounds = Number(process.env["ROUNDS"] ?? 3);
// As the holdfast command sets it (src/cli/main.ts); Python's malloc is left as it is: so set, it takes 2.5 × as long.
const malloc = { MALLOC_TRIM_THRESHOLD_: "67108864", MALLOC_MMAP_THRESHOLD_: "4194304" };

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
const summary = (runs) => ({
  ms: median(runs.map((r) => r.ms)),
  mib: median(runs.map((r) => r.peakMiB)),
  parts: Object.keys(runs[0].parts ?? {})
    .map((part) => `, ${part} ${median(runs.map((r) => r.parts[part])).toFixed(0)} ms`)
    .join(""),
});

/** Prints milliseconds, peak memory and, where the peer could be run, the ratios. */
export function compare(label, ours, theirs, args) {
  const [a, b] = [[], []];
  for (let round = 0; round < rounds; round++) {
    a.push(run(process.execPath, [ours, ...args], malloc));
    const other = run(python, [theirs, ...args]);
    if (other !== undefined) b.push(other);
  }
  const own = summary(a);
  console.log(`${label}: holdfast ${own.ms.toFixed(0)} ms, peak ${own.mib.toFixed(0)} MiB${own.parts}`);
  if (b.length === 0) return;
  const other = summary(b);
  console.log(
    `${label}: peer ${other.ms.toFixed(0)} ms, peak ${other.mib.toFixed(0)} MiB${other.parts} (${b[0].versions})\n` +
      `${label}: ${(other.ms / own.ms).toFixed(2)} × as fast, ${(own.mib / other.mib).toFixed(2)} × the memory`,
  );
}
