import type { Command } from "commander";
import { CORRUPTIONS, SEVERITIES } from "../../data/corruptions/names.js";
import type { CorruptionOptions, EvaluateOptions, Result } from "../../evaluation/index.js";
import { CARDS } from "../../attacks/cards/index.js";
import { attackOptions, flagName, givenOptions, NO_ATTACK, type Given } from "../attack-options.js";
import {
  checkCorruptionOptions,
  corruptionOptions,
  openCorruptions,
  type CorruptionCommandOptions,
} from "../corruption-options.js";
import { openEvaluation, runEvaluation, type EvaluateFilesOptions } from "../evaluate-files.js";
import { extraInputs, modelOptions } from "../models.js";
import { finishEvaluation, outputOptions, type OutputOptions } from "../evaluation-output.js";
import { checkOutputs } from "../outputs.js";
import { commonOptions, computeOptions, dataOptions, mapOptions } from "../shared-options.js";
import { createTerminal, formatSeconds, type Terminal } from "../terminal.js";
import { count, counts, countOrNone, duration, formatEpsilon, shard } from "../values.js";

interface EvaluateCommandOptions extends EvaluateFilesOptions, OutputOptions, CorruptionCommandOptions {
  readonly iterations?: number[];
  readonly transfer: boolean;
  readonly checks: boolean;
  readonly curve?: number | true;
  readonly examples: number;
  readonly out: string;
  readonly shard?: { readonly index: number; readonly count: number };
  readonly budget?: number;
  readonly endEarly?: boolean;
}

const EXAMPLES = `
Examples:
  holdfast evaluate runs/mnist-at-alp --data mnist:test --limit 1000 --report report.html
  holdfast evaluate runs/a runs/b --data mnist:test --epsilon 0.1,0.2,0.3 --iterations 10,20,100
  holdfast evaluate model.onnx --data photos --epsilon 2/255,4/255,8/255 --fail-below 0.4
  holdfast evaluate model.onnx --data photos --epsilon 4/255 --fail-below 0.4 --end-early
  holdfast evaluate model.onnx --data photos --epsilon 4/255 --budget 10m
  holdfast evaluate model.onnx --data photos --epsilon 4/255 --shard 1/2 --out shard-1.json  (and 2/2 elsewhere)
  holdfast merge result.json shard-1.json shard-2.json --report report.html
  holdfast evaluate model.onnx --data photos --limit 1000 --epsilon 4/255 --attack standard --report report.html
  holdfast evaluate model.onnx --data photos --epsilon 4/255 --attack square --queries 20000
  holdfast evaluate model.onnx --data photos --epsilon 4/255 --device cuda --memory 8GB
  holdfast evaluate model.onnx --data photos --norm patch --epsilon 0.02,0.05 --report report.html
  holdfast evaluate model.onnx --data photos --limit 200 --curve 200 --report report.html
  holdfast evaluate model.onnx --data photos --attack none --corruptions --severity 1,3,5 --report report.html
  holdfast evaluate model.onnx --data photos --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --crop 0.875

Writes a result as JSON and, with --report, a self-contained HTML report. An accuracy under attack is an upper
bound: a stronger attack can only find more.

Cost: for each image that survives, auto takes up to 520 gradients and 1000 forward passes, standard (AutoAttack)
2800 and 5000, and PGD 40 gradients. --curve takes 1000 gradients for every image. The survivors are then
checked, for about a seventh more: was the attack long enough, and did it work at all? From L∞ ε = 0.5 up, the
gray image lies in every ball and is tried too. Ctrl-C or a crash loses nothing: run the same command to continue.

With --fail-below the exit code is 1 if the accuracy is below it, if a budget ran out before that was certain, or
if a serious warning says that the accuracy is false. Images that --end-early or --budget leaves unfinished count
as right, so an accuracy shown with ≤ is the highest it can be; the result says what was left out. With a budget,
the numbers depend on the speed of the machine.`;

export function evaluateCommand(program: Command): void {
  const command = program.command("evaluate").argument("<models...>", "run folders or .onnx files");
  mapOptions(dataOptions(command, "mnist:test"));
  attackOptions(command, {
    epsilon:
      "one radius or a list; the last is the headline (default: 0.1,0.2,0.3 for mnist, else 2,4,8/255)",
    suites: true,
    also: [NO_ATTACK],
  });
  command
    .option("--iterations <list>", "further step counts at the headline ε, such as 10,20,100", counts)
    .option(
      "--curve [steps]",
      "find the nearest adversarial image of each image (FMN, 1000 steps): gives the accuracy at every ε and the median distance",
      count,
    )
    .option("--no-transfer", "skip trying each model's adversarial images on the others")
    .option(
      "--no-checks",
      "skip the checks of the headline: twice the steps, an adaptive attack, signs of failure, misleading scores (about a seventh more gradients); --budget and --end-early skip all but the last, --shard all",
    )
    .option("--examples <n>", "images to keep for the report", countOrNone, 6)
    .option("--out <file>", "where to write the result", "result.json");
  corruptionOptions(command);
  outputOptions(command)
    .option(
      "--end-early",
      "with --fail-below: measure only the headline, without its checks, and stop once the outcome is certain",
    )
    .option(
      "--budget <time>",
      "stop after this time, such as 90s, 10m or 1h; time left over goes to stronger attacks instead of checks",
      duration,
    )
    .option(
      "--shard <i/n>",
      "attack part i of n of the images, without checks; holdfast merge combines the results",
      shard,
    );
  modelOptions(command);
  commonOptions(computeOptions(command));
  command
    .addHelpText("after", EXAMPLES)
    .action((models: string[], options: EvaluateCommandOptions, self: Command) =>
      evaluateModelsCommand(models, options, givenOptions(self)),
    );
}

async function evaluateModelsCommand(
  models: string[],
  options: EvaluateCommandOptions,
  given: Given,
): Promise<void> {
  const terminal = createTerminal(options);
  await checkLimits(options, given);
  checkCorruptionOptions(options);
  const inputs = {
    ...Object.fromEntries(models.map((path) => [`the model ${path}`, path])),
    ...(options.corruptionBaseline === undefined
      ? {}
      : { "--corruption-baseline": options.corruptionBaseline }),
  };
  const outputs = { "--out": options.out, "--report": options.report };
  await checkOutputs(outputs, { ...inputs, ...extraInputs(options) }, { "--data": options.data });
  const keepIn = await partialOf(options);
  const result = await measure(models, options, given, terminal, keepIn);
  await finishEvaluation(result, options, terminal);
  const { rm } = await import("node:fs/promises");
  if (keepIn !== undefined) await rm(keepIn, { force: true });
}

/** @throws UsageError on options that contradict each other, before a model is read. */
async function checkLimits(
  { shard: part, failBelow, endEarly, curve, attack, epsilon, iterations }: EvaluateCommandOptions,
  given: Given,
): Promise<void> {
  const { UsageError } = await import("../../errors/index.js");
  const [typed] = [
    ...Object.entries({
      "--fail-below": failBelow,
      "--epsilon": epsilon,
      "--iterations": iterations,
    }).flatMap(([flag, value]) => (value === undefined ? [] : [flag])),
    ...Object.keys(given).map(flagName),
  ];
  if (attack === NO_ATTACK && typed !== undefined) {
    throw new UsageError({
      place: typed,
      problem: "has no effect when nothing is attacked",
      remedy: "Omit it, or choose an attack.",
    });
  }
  if (endEarly === true && failBelow === undefined) {
    throw new UsageError({
      place: "--end-early",
      problem: "has no threshold to decide",
      remedy: "Give the threshold with --fail-below.",
    });
  }
  if (endEarly === true && curve !== undefined) {
    throw new UsageError({
      place: "--curve",
      problem: "would not be run: --end-early stops as soon as --fail-below is decided, before the curve",
      remedy: "Omit one of the two.",
    });
  }
  if (part !== undefined && failBelow !== undefined) {
    throw new UsageError({
      place: "--fail-below",
      problem: "cannot be decided by one shard, which does not know the others",
      remedy: "Omit it here, and give it to holdfast merge.",
    });
  }
}

/** Where to save outcomes until the result is written: beside it, if it is a file. */
async function partialOf({ out }: EvaluateCommandOptions): Promise<string | undefined> {
  const { stat } = await import("node:fs/promises");
  const there = await stat(out).catch(() => undefined);
  return there === undefined || there.isFile() ? `${out}.partial` : undefined;
}

async function measure(
  paths: readonly string[],
  options: EvaluateCommandOptions,
  given: Given,
  terminal: Terminal,
  keepIn: string | undefined,
): Promise<Result> {
  const opened = await openEvaluation(paths, options, given, terminal);
  const { models, common, description } = opened;
  const corruptions = await openCorruptions(options, opened.sample);
  const asked: EvaluateOptions = {
    ...common,
    iterations: options.iterations ?? [],
    curve: options.curve ?? false,
    transferFrom: options.transfer && models.length > 1 ? models.map(({ name }) => name) : [],
    examples: options.examples,
    corruptions,
    checks: options.checks,
    shard: options.shard,
    budget: options.budget,
    threshold: options.endEarly === true ? options.failBelow : undefined,
  };
  const { holdsGrayImage } = await import("../../attacks/index.js");
  const { isOpaque } = await import("../../models/index.js");
  const { isChecked } = await import("../../evaluation/index.js");
  const isBlind = models.some(({ classifier }) => isOpaque(classifier));
  const hasGradient = models.some(({ classifier }) => !isOpaque(classifier));
  const gray = (options.attack === NO_ATTACK ? [] : common.epsilons).filter((epsilon) =>
    holdsGrayImage({ norm: options.norm, epsilon }),
  );
  terminal.note(
    description +
      (isBlind
        ? `; for a model without a gradient, only the attacks that need none, else Square${options.curve === undefined ? "" : ", and no curve"}`
        : "") +
      (options.curve !== undefined && hasGradient ? `; the curve over ε: ${curveOf(options.curve)}` : "") +
      (gray.length === 0 ? "" : `; the gray image, ε ${gray.map(formatEpsilon).join(", ")}`) +
      (options.attack !== NO_ATTACK && isChecked(asked)
        ? "; then the checks, about a seventh more gradients (skip with --no-checks)"
        : "") +
      (corruptions === undefined ? "" : `; then ${describeCorruptions(corruptions)}`) +
      (options.shard === undefined ? "" : `; shard ${options.shard.index} of ${options.shard.count}`) +
      (options.budget === undefined ? "" : `; budget ${formatSeconds(options.budget)}`),
  );
  return runEvaluation(opened, asked, terminal, keepIn);
}

/** `15 corruptions at 5 severities` */
function describeCorruptions({ kinds = CORRUPTIONS, severities = SEVERITIES }: CorruptionOptions): string {
  const counted = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;
  return `${counted(new Set(kinds).size, "corruption", "corruptions")} at ${counted(new Set(severities).size, "severity", "severities")}`;
}

/** `FMN, 1000 gradients per image` */
function curveOf(curve: number | true): string {
  const { label, options } = CARDS.fmn;
  return `${label}, ${curve === true ? String(options.steps.default) : curve} gradients per image`;
}
