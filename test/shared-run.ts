import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findRecipe } from "../src/defences/index.js";
import { DEFAULT_TRAINING } from "../src/training/index.js";

const STEPS = [
  {
    type: "step",
    step: 1,
    loss: 2.5,
    terms: { clean: 2 },
    accuracy: 0.25,
    learningRate: 0.001,
    epsilon: null,
    seconds: 2.5,
  },
  // JSON has no NaN.
  {
    type: "step",
    step: 10,
    loss: null,
    terms: { clean: null },
    accuracy: 0.5,
    learningRate: 0.002,
    epsilon: 0.3,
    seconds: 20,
  },
  { type: "warning", step: 10, code: "diverged", message: "the loss is <lost>" },
  { type: "validation", step: 10, images: 8, clean: 0.75, robust: 0.5, seconds: 30 },
];

/** The folder of a training that is under way, as far as what is read of its history goes: no weights, a last line half written. */
export async function sharedRun(folder: string, lines: readonly object[] = STEPS): Promise<string> {
  const config = {
    format: 1,
    tool: { name: "holdfast", version: "0.0.0" },
    data: "mnist",
    dataOptions: {},
    limit: 100,
    model: "resnet-mini",
    image: { channels: 1, height: 28, width: 28 },
    classNames: ["0", "1"],
    labelsSha256: "0".repeat(64),
    settings: { ...DEFAULT_TRAINING, recipe: findRecipe("at-alp"), batchSize: 8, seed: 0, threads: 1 },
  };
  await mkdir(folder);
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  const log = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  await writeFile(join(folder, "log.jsonl"), `${log}{"type":"step","st`);
  return folder;
}
