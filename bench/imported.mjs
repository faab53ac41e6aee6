// PGD steps of files that torchvision exported, against PyTorch's eager step of the same networks, in turns.
//   npm run build && PYTHON=… node bench/imported.mjs [model …]     (a Python that has torch, torchvision and onnx)
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { compare, python, rounds, threads } from "./turns.mjs";

const MODELS = ["efficientnet_b0", "convnext_tiny", "swin_t", "vit_b_16"];
const models = process.argv.length > 2 ? process.argv.slice(2) : MODELS;
const folder = process.env["FOLDER"] ?? mkdtempSync(join(tmpdir(), "holdfast-bench-"));
console.log(`${cpus()[0].model}, ${threads} threads, batch 8, 224 × 224, medians of ${rounds} runs in turns`);
for (const model of models) {
  const file = join(folder, `${model}.onnx`);
  const args = [file, "8", "224", threads];
  if (!existsSync(file))
    execFileSync(python, ["bench/imported_step.py", ...args, "export"], { stdio: "ignore" });
  compare(model, "bench/pgd-step.mjs", "bench/imported_step.py", args);
}
