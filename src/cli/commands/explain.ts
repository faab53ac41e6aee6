import { join } from "node:path";
import type { Command } from "commander";
import type { Method } from "../../explain/index.js";
import { attackOptions, givenOptions, type AttackOptions, type Given } from "../attack-options.js";
import { explainImages, type ExplainedImage } from "../explain/run.js";
import { npzOf, writeSheets } from "../explain/write.js";
import { openAskedDevice } from "../device.js";
import { openSample, ownShape } from "../images.js";
import { loadModel, modelOptions, type ModelOptions } from "../models.js";
import { settleModel } from "../settle.js";
import {
  commonOptions,
  computeOptions,
  dataOptions,
  mapOptions,
  type CommonOptions,
  type ComputeOptions,
  type DataOptions,
  type MapOptions,
} from "../shared-options.js";
import { createTerminal } from "../terminal.js";
import { count, oneOf } from "../values.js";

export interface ExplainOptions
  extends CommonOptions, ComputeOptions, DataOptions, MapOptions, AttackOptions, ModelOptions {
  readonly given: Given;
  readonly method: Method | "all";
  readonly of: "predicted" | "label";
  readonly tap?: string;
  readonly integrationSteps: number;
  readonly out: string;
}

/** Default number of images to explain. */
const FEW = 8;

const EXAMPLES = `
Examples:
  holdfast explain model.onnx --data photos --limit 8 --out why
  holdfast explain runs/mnist-at-alp --data mnist:test --method grad-cam --epsilon 0.3 --out why
  holdfast explain model.onnx --data photos --attack none --method integrated-gradients --integration-steps 200 --out why

Writes to --out a sheet for each image (rows: clean and adversarial; columns: methods), every overlay as a PNG,
explanations.npz and explanations.json. Each map is coloured from 0 to its own largest values. The explained
logit is that of the class the model predicts for the image of the row (--of label: of the true class).`;

export function explainCommand(program: Command): void {
  const command = program
    .command("explain")
    .argument("<model>", "a run folder or an .onnx file")
    .addOption(
      oneOf("--method <name>", "how to explain", [
        "grad-cam",
        "attention",
        "integrated-gradients",
        "saliency",
        "all",
      ]).default("all"),
    )
    .addOption(
      oneOf("--of <class>", "class whose logit is explained", ["predicted", "label"]).default("predicted"),
    )
    .option(
      "--tap <name>",
      "activation for Grad-CAM and attention: a tap, or a value of the graph (default: the last tap)",
    )
    .option("--integration-steps <n>", "points on the path of integrated gradients", count, 50)
    .requiredOption("--out <folder>", "folder for pictures and arrays; must be new or empty");
  dataOptions(command, "mnist:test");
  attackOptions(command, {
    epsilon: "radius, for pixels in [0, 1] (default: 0.3 for mnist, else 8/255)",
    also: ["none"],
  });
  modelOptions(mapOptions(command));
  commonOptions(computeOptions(command));
  command
    .addHelpText("after", EXAMPLES)
    .action((model: string, options: ExplainOptions, self: Command) =>
      explain(model, { ...options, limit: options.limit ?? FEW, given: givenOptions(self) }),
    );
}

async function explain(path: string, options: ExplainOptions): Promise<void> {
  const terminal = createTerminal(options);
  await checkFolder(options.out);
  const device = await openAskedDevice(options, terminal);
  const loaded = await loadModel(path, options, terminal, () => ownShape(options));
  const model = await settleModel(loaded, options, terminal);
  const { name, classifier: asLoaded } = model;
  const { dataset } = await openSample(options, options.seed, [model], terminal);
  const { checkFit, guessGate, readAsLogits } = await import("../../evaluation/index.js");
  checkFit(name, asLoaded, dataset);
  const classifier = await readAsLogits(name, asLoaded, dataset, {
    threads: options.threads,
    compile: device?.compile,
    onNotice: (text) => terminal.note(text),
  });
  const explained = await explainImages(options, { classifier, dataset, terminal, device });
  const { ensureFolder, writeFileAtomic } = await import("../../files/index.js");
  await ensureFolder(options.out);
  const sheets = await writeSheets(options.out, explained);
  await writeFileAtomic(join(options.out, "explanations.npz"), await npzOf(explained));
  const facts = {
    model: name,
    attack: options.attack,
    ...explained.threat,
    methods: explained.methods,
    of: options.of,
    tap: explained.tap ?? null,
    integrationSteps: explained.methods.includes("integrated-gradients") ? options.integrationSteps : null,
    seed: options.seed,
    ...(device === undefined ? {} : { device: device.use() }),
    warnings: guessGate({ models: [{ name, guess: model.info.guess }], measurements: [] }),
    images: explained.images.map(factsOf),
  };
  await writeFileAtomic(join(options.out, "explanations.json"), `${JSON.stringify(facts, null, 2)}\n`);
  const { gap } = explained;
  terminal.result(
    `${name}: ${explained.images.length} images explained by ${explained.methods.join(", ")}` +
      (explained.tap === undefined ? "" : ` at ${explained.tap}`) +
      (gap === undefined
        ? ""
        : `\nintegrated gradients are off the difference of the logits by at most ${(100 * gap).toFixed(1)} %` +
          (gap > 0.05 ? `: raise --integration-steps above ${options.integrationSteps}` : "")) +
      `\n${sheets[0]!}${sheets.length > 1 ? ` … ${sheets.at(-1)!}` : ""}`,
    facts,
  );
}

function factsOf({ file, label, rows }: ExplainedImage): object {
  return {
    file,
    label,
    rows: rows.map(({ name, predicted, confidence, explained, gap }) => ({
      name,
      predicted,
      confidence,
      explained,
      completenessGap: gap ?? null,
    })),
  };
}

async function checkFolder(out: string): Promise<void> {
  const { existsSync, readdirSync, statSync } = await import("node:fs");
  if (!existsSync(out) || (statSync(out).isDirectory() && readdirSync(out).length === 0)) return;
  const { UsageError } = await import("../../errors/index.js");
  throw new UsageError({
    place: `--out ${out}`,
    problem: statSync(out).isDirectory() ? "is not empty" : "is a file",
    remedy: "Name a new folder, so that pictures of two runs do not mix.",
  });
}
