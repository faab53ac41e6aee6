import type { Command } from "commander";
import type { Result } from "../../evaluation/index.js";
import type { Comparison, FileFacts } from "../../gate/index.js";
import { attackOptions, givenOptions, type AttackOptions, type Given } from "../attack-options.js";
import { describeComparison } from "../describe-comparison.js";
import { openEvaluation, runEvaluation, type EvaluateFilesOptions } from "../evaluate-files.js";
import { extraInputs, modelOptions, modelPath } from "../models.js";
import { checkOutputs } from "../outputs.js";
import { commonOptions, computeOptions, dataOptions, mapOptions } from "../shared-options.js";
import { createTerminal, type Terminal } from "../terminal.js";

interface CompareCommandOptions extends EvaluateFilesOptions, AttackOptions {
  readonly out?: string;
}

const EXAMPLES = `
Examples:
  holdfast compare float.onnx int8.onnx --data photos --epsilon 4/255
  holdfast compare release-1.onnx release-2.onnx --data photos:test --limit 500 --out compare.json
  holdfast compare release-1.result.json release-2.result.json

Measures both models on the same images and compares them image by image: differences with 95 % intervals
(Newcombe's method 10), p-values of McNemar's exact test, the images that changed sides, each model's
adversarial images tried on the other, and the speed and size of the files. Two results of holdfast evaluate
can be compared without the models and the images, if they share images, seed, threats and attacks.`;

export function compareCommand(program: Command): void {
  const command = program
    .command("compare")
    .argument("<first>", "a run folder, an .onnx file or a result of evaluate")
    .argument("<second>", "what to compare it with: a model with a model, a result with a result");
  mapOptions(dataOptions(command, "mnist:test"));
  attackOptions(command, {
    epsilon: "one radius or a list (default: 0.1,0.2,0.3 for mnist, else 2,4,8/255)",
    suites: true,
  });
  command.option("--out <file>", "write the comparison as JSON (schemas/comparison.schema.json)");
  modelOptions(command);
  commonOptions(computeOptions(command));
  command
    .addHelpText("after", EXAMPLES)
    .action((first: string, second: string, options: CompareCommandOptions, self: Command) =>
      compareAction([first, second], options, givenOptions(self)),
    );
}

async function compareAction(
  paths: readonly [string, string],
  options: CompareCommandOptions,
  given: Given,
): Promise<void> {
  const terminal = createTerminal(options);
  const inputs = { "the first": paths[0], "the second": paths[1], ...extraInputs(options) };
  await checkOutputs({ "--out": options.out }, inputs, { "--data": options.data });
  const areResults = await resultsGiven(paths);
  const comparison = areResults
    ? await compareResults(paths)
    : await compareFiles(paths, options, given, terminal);
  if (options.out !== undefined) {
    const { writeFileAtomic } = await import("../../files/index.js");
    await writeFileAtomic(options.out, `${JSON.stringify(comparison)}\n`);
    terminal.note(`comparison: ${options.out}`);
  }
  for (const { severity, message } of comparison.warnings)
    terminal.warn(severity === "serious" ? `serious: ${message}` : message);
  terminal.result(describeComparison(comparison), comparison);
}

/** @throws UsageError if one is a result and the other a model. */
async function resultsGiven(paths: readonly string[]): Promise<boolean> {
  const results = paths.filter((path) => /\.json$/i.test(path));
  if (results.length === 0 || results.length === paths.length) return results.length > 0;
  const { UsageError } = await import("../../errors/index.js");
  throw new UsageError({
    place: results[0]!,
    problem: "is a result, but the other one is a model",
    remedy: "Give two models, or two results.",
  });
}

async function compareResults(paths: readonly [string, string]): Promise<Comparison> {
  const { readResult } = await import("../../evaluation/results.js");
  const { compareModels } = await import("../../gate/index.js");
  const sides = await Promise.all(
    paths.map(async (place) => {
      const result = await readResult(place);
      return { place, result, model: await onlyModel(place, result) };
    }),
  );
  return compareModels(sides[0]!, sides[1]!);
}

async function onlyModel(place: string, { models }: Result): Promise<string> {
  if (models.length === 1) return models[0]!.name;
  const { InputError } = await import("../../errors/index.js");
  throw new InputError({
    place,
    problem: `has ${models.length} models: ${models.map(({ name }) => name).join(", ")}`,
    remedy: "Give results with one model each, or compare the models themselves.",
  });
}

async function compareFiles(
  paths: readonly [string, string],
  options: CompareCommandOptions,
  given: Given,
  terminal: Terminal,
): Promise<Comparison> {
  const { compareModels } = await import("../../gate/index.js");
  const opened = await openEvaluation(paths, options, given, terminal);
  const { models, sample, common, description } = opened;
  terminal.note(description);
  const transferFrom = models.map(({ name }) => name);
  const result = await runEvaluation(opened, { ...common, transferFrom, examples: 0 }, terminal);
  const [first, second] = result.models.map(({ name }, i) => ({ place: paths[i]!, result, model: name }));
  return compareModels(first!, second!, {
    fileName: (place) => sample.dataset.fileName(place),
    files: [
      await factsOf(paths[0], result, options.threads),
      await factsOf(paths[1], result, options.threads),
    ],
  });
}

async function factsOf(
  argument: string,
  { dataset }: Result,
  threads: number | undefined,
): Promise<FileFacts> {
  const { sizeOfModel, timeModel } = await import("../../gate/index.js");
  const { path } = modelPath(argument);
  const { channels, height, width } = dataset;
  return {
    bytes: await sizeOfModel(path),
    milliseconds: await timeModel(path, [channels, height, width], threads),
  };
}
