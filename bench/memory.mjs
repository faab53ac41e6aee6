// Holds the estimated peak of a training's process against what it takes (VmHWM, Linux), each case in a process of its own;
// and whether it grows over many steps.
//   npm run build && node bench/memory.mjs
//   node bench/memory.mjs --growth 10000 undefended
//   node bench/memory.mjs --growth 1500 at-alp
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openDataset, takeSample } from "../dist/data/index.js";
import { RECIPES } from "../dist/defences/index.js";
import { createClassifier } from "../dist/models/index.js";
import { createGenerator } from "../dist/tensor/index.js";
import { resolveSettings, trainClassifier } from "../dist/training/index.js";
import { planMemory } from "../dist/training/memory-plan.js";

const CASES = [
  { model: "resnet-mini", data: "mnist", batchSize: 128, recipe: "at-alp" },
  { model: "resnet-mini", data: "mnist", batchSize: 128, recipe: "undefended" },
  { model: "resnet-mini", data: "mnist", batchSize: 16, recipe: "at-alp" },
  { model: "resnet18-narrow", data: "flowers", side: 64, batchSize: 64, recipe: "at-alp" },
  { model: "resnet18-narrow", data: "flowers", side: 64, batchSize: 64, recipe: "at-alp", memory: "600MB" },
  { model: "resnet18", data: "flowers", side: 64, batchSize: 16, recipe: "pat" },
  { model: "resnet18", data: "flowers", side: 128, batchSize: 16, recipe: "at-alp" },
  { model: "resnet18", data: "flowers", side: 128, batchSize: 16, recipe: "at-alp", memory: "1.3GB" },
  { model: "resnet18", data: "flowers", side: 128, batchSize: 64, recipe: "undefended" },
  { model: "resnet18", data: "flowers", side: 128, batchSize: 64, recipe: "undefended", memory: "1.25GB" },
  { model: "resnet18-narrow", data: "flowers", side: 128, batchSize: 64, recipe: "undefended" },
  {
    model: "resnet18-narrow",
    data: "flowers",
    side: 128,
    batchSize: 64,
    recipe: "undefended",
    memory: "800MB",
  },
  { model: "resnet50", data: "flowers", side: 96, batchSize: 8, recipe: "undefended" },
];

const status = (key) =>
  Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024;
const MB = (bytes) => Math.round(bytes / 2 ** 20);

async function openCase({ model, data, side, batchSize, recipe, memory }, steps) {
  const size = side === undefined ? {} : { size: { height: side, width: side } };
  const random = createGenerator(0);
  const train = takeSample(
    await openDataset(data, { split: "train", ...size }),
    Math.max(100, batchSize),
    random,
  );
  const { channels, height, width, classNames } = train;
  const classifier = createClassifier(model, { channels, height, width, classNames, random });
  const settings = {
    ...resolveSettings({ batchSize, "recipe.adversary.steps": 2 }, { recipe: RECIPES[recipe], threads: 2 }),
    epochs: steps / Math.floor(train.length / batchSize),
    validation: { images: 0, every: 1, steps: 1 },
    ...(memory === undefined ? {} : { memory }),
  };
  return { classifier, settings, train };
}

async function measure(each) {
  const { classifier, settings, train } = await openCase(each, 3);
  const began = performance.now();
  const { parts, segments, rows, estimate, whole } = await planMemory(classifier, settings);
  const planned = performance.now() - began;
  await trainClassifier(classifier, { train, validation: undefined }, settings);
  return { parts, segments, rows, estimate, whole, planned, peak: status("VmHWM") };
}

/** Bytes a step that the process grows by, over the second half: a straight line through its size. */
async function growth(steps, recipe) {
  const { classifier, settings, train } = await openCase({ ...CASES[2], recipe }, steps);
  const sizes = [];
  await trainClassifier(classifier, { train, validation: undefined }, settings, {
    onEvent: ({ type, step }) => {
      if (type === "step" && step > steps / 2 && step % 10 === 0) sizes.push([step, status("VmRSS")]);
    },
  });
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const [x, y] = [mean(sizes.map(([step]) => step)), mean(sizes.map(([, size]) => size))];
  const slope =
    sizes.reduce((sum, [step, size]) => sum + (step - x) * (size - y), 0) /
    sizes.reduce((sum, [step]) => sum + (step - x) ** 2, 0);
  console.log(
    `${steps} steps of ${recipe}: ${MB(sizes[0][1])} MB after half of them, ${MB(sizes.at(-1)[1])} MB at the end, ${slope.toFixed(0)} bytes a step`,
  );
}

const [flag, value, recipe = "undefended"] = process.argv.slice(2);
if (flag === "--case") {
  console.log(JSON.stringify(await measure(CASES[Number(value)])));
} else if (flag === "--growth") {
  await growth(Number(value), recipe);
} else {
  console.log(
    "model            side batch recipe      parts segments attacked estimate  measured  ratio  planned in",
  );
  for (const [i, { model, side = 28, batchSize, recipe, memory = "" }] of CASES.entries()) {
    const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), "--case", String(i)], {
      encoding: "utf8",
    });
    const { parts, segments, rows, estimate, peak, planned } = JSON.parse(output.trim().split("\n").at(-1));
    const row = [
      model.padEnd(16),
      String(side).padStart(4),
      String(batchSize).padStart(5),
      recipe.padEnd(11),
    ];
    console.log(
      `${row.join(" ")} ${String(parts).padStart(5)} ${String(segments).padStart(8)} ${String(rows).padStart(8)} ${String(MB(estimate)).padStart(5)} MB ${String(MB(peak)).padStart(6)} MB ` +
        `${(estimate / peak).toFixed(2).padStart(6)} ${planned.toFixed(0).padStart(8)} ms ${memory}`,
    );
  }
}
