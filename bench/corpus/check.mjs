// Reads and differentiates every model that export.py wrote, one process a model, and compares logits and gradients with
// PyTorch's in float64. A row passes when each error is at most 1e-4, or at most twice PyTorch's own in float32.
//   node bench/corpus/check.mjs OUT [--only substring] [--failed] [--stage differentiate] [--seconds 240]
// after npm run build. `--failed` leaves alone what passed before; rows are kept in OUT/rows.json, and OUT/summary.md
// has the table and what failed, by cause.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gradientPasses, logitsPass } from "./tolerance.mjs";
import { summary } from "./summary.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string", default: "" },
    failed: { type: "boolean", default: false },
    stage: { type: "string", default: "run" },
    seconds: { type: "string", default: "240" },
  },
});
const [out] = positionals;
const rowsPath = join(out, values.stage === "run" ? "rows.json" : `rows-${values.stage}.json`);
const before = existsSync(rowsPath) ? JSON.parse(readFileSync(rowsPath, "utf8")) : {};

/** Every model of the folder: `timm.resnet18/legacy-17`. */
function files() {
  return readdirSync(out, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(out, entry.name, "reference.json")))
    .flatMap(({ name }) => readdirSync(join(out, name)).map((file) => `${name}/${file}`))
    .filter((file) => /\.(onnx|failed)$/.test(file) && !file.includes("partial"))
    .sort();
}

/** Runs check-one.mjs; a crash or a hang is a row as well. */
function check(file) {
  return new Promise((resolve) => {
    const row = {};
    const args = [join(import.meta.dirname, "check-one.mjs"), join(out, file), values.stage];
    const child = spawn("nice", ["-n", "10", process.execPath, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [text, complaints] = ["", ""];
    const timer = setTimeout(
      () => {
        row.problem = `took more than ${values.seconds} s`;
        child.kill("SIGKILL");
      },
      Number(values.seconds) * 1000,
    );
    child.stdout.on("data", (data) => (text += data));
    child.stderr.on("data", (data) => (complaints += data));
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const facts = text.split("\n").filter((line) => line.startsWith("{"));
      Object.assign(row, ...facts.map((line) => JSON.parse(line)), row);
      if (code !== 0) row.problem ??= `ended with ${signal ?? code}: ${complaints.trim().slice(0, 500)}`;
      resolve(row);
    });
  });
}

function passes(row) {
  if (row.problem !== undefined) return false;
  if (values.stage !== "run") return true;
  return logitsPass(row) && gradientPasses(row) && !(row.weights?.wrong?.length > 0);
}

const rows = {};
const all = files();
for (const file of all) {
  if (file.endsWith(".failed")) {
    rows[file] = { exporter: readFileSync(join(out, file), "utf8").split("\n")[0].slice(0, 300) };
  } else if (!file.includes(values.only) || (values.failed && before[file]?.ok)) {
    if (before[file] !== undefined) rows[file] = before[file];
  } else {
    const row = await check(file);
    rows[file] = { ...row, ok: passes(row) };
    const worst = [row.logits, row.gradient].map((errors) => errors && Math.max(...errors));
    const errors = [...worst, row.weights?.worst].map((error) => error?.toExponential(1) ?? "-");
    console.log(
      `${row.problem ? "✗" : rows[file].ok ? "✓" : "≠"} ${file} ${row.problem?.split("\n").slice(0, 2).join(" ") ?? errors.join(" ")}`,
    );
    writeFileSync(rowsPath, JSON.stringify({ ...before, ...rows }, null, 1));
  }
}
writeFileSync(rowsPath, JSON.stringify(rows, null, 1));
writeFileSync(rowsPath.replace("rows", "summary").replace(".json", ".md"), summary(rows));
