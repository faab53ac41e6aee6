import { InvalidArgumentError, Option, type Command } from "commander";
import type { SweepCriterion, SweepEvent, SweepValue, Trial } from "../../tuning/index.js";
import { withInterrupt } from "../interrupt.js";
import { createTerminal, formatPercent, formatTable, type Terminal } from "../terminal.js";
import { count, formatEpsilon, fraction, oneOf, positive } from "../values.js";
import { nameOfSetting, settingByName } from "../setting-options.js";
import { trainingOptions, type TrainOptions } from "../training-options.js";
import { newRun } from "../training-settings.js";
import { createTrainingDisplay } from "./train.js";

interface SweepCommandOptions extends TrainOptions {
  readonly vary: Record<string, SweepValue[]>;
  readonly criterion: SweepCriterion;
  readonly judgeEpsilon: number;
  readonly judgeSteps: number;
}

const EXAMPLES = `
Examples:
  holdfast sweep --data 17flowers/ --size 64 --model resnet18-narrow --recipe at-alp \\
      --vary alpha=0.02,0.1,0.5 --vary beta=0.5,2 --epochs 30 --out sweeps/at-alp
  holdfast sweep --data photos/ --recipe pat --vary learning-rate=0.02,0.05,0.1 --optimiser sgd
  holdfast sweep --data photos/ --recipe igr --vary recipe.weights.inputGradient=0.1,1,10

A setting is alpha, beta, lambda, epsilon, learning-rate, weight-decay, epochs, … or a path into the settings of
a run's config.json. Every combination is trained, then judged on the validation images only. After a stop, run
the same command again to continue.`;

/** `lambda`: not an option, but the weight that sweeps of `igr` vary. */
const LAMBDA = "recipe.weights.inputGradient";

export function sweepCommand(program: Command): void {
  const command = program
    .command("sweep")
    .requiredOption("--vary <setting=values>", "values to try, as in alpha=0.02,0.1; repeatable", vary)
    .addOption(
      oneOf("--criterion <name>", "criterion for the best, on the validation images: accuracy", [
        "mean",
        "robust",
        "clean",
      ]).default("mean", "the mean of clean and robust"),
    )
    .addOption(
      new Option("--judge-epsilon <x>", "radius of the attack used for judging")
        .argParser(judgeRadius)
        .default(8 / 255, formatEpsilon(8 / 255)),
    )
    .option("--judge-steps <n>", "its PGD steps", count, 20)
    .option("--out <folder>", "folder for the trials (default: sweeps/<data>-<recipe>)");
  trainingOptions(command);
  command.addHelpText("after", EXAMPLES).action(runSweep);
}

function judgeRadius(text: string): number {
  const value = positive(text);
  if (value <= 1) return value;
  throw new InvalidArgumentError(`It must be at most 1: for ${value} of 255 gray levels give ${value}/255.`);
}

function vary(text: string, so: Record<string, SweepValue[]> = {}): Record<string, SweepValue[]> {
  const [name, list] = /^([^=]+)=(.+)$/.exec(text)?.slice(1) ?? [];
  if (name === undefined || list === undefined) {
    throw new InvalidArgumentError("It must be like alpha=0.02,0.1,0.5.");
  }
  const camel = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const path = name === "lambda" ? LAMBDA : (settingByName(name) ?? camel);
  return { ...so, [path]: list.split(",").map(valueOf) };
}

function valueOf(text: string): SweepValue {
  if (text === "true" || text === "false") return text === "true";
  if (text === "null" || text === "none") return null;
  return /^[-+.\d]/.test(text) ? fraction(text) : text;
}

async function runSweep(options: SweepCommandOptions): Promise<void> {
  const { sweep } = await import("../../tuning/index.js");
  const terminal = createTerminal(options);
  await withInterrupt(async (signal, worthSaving) => {
    const base = await newRun(options, terminal, "sweeps");
    const shown = createTrainingDisplay(terminal, worthSaving);
    try {
      const trials = await sweep(
        {
          base,
          vary: options.vary,
          criterion: options.criterion,
          judge: { epsilon: options.judgeEpsilon, steps: options.judgeSteps },
        },
        { signal, onEvent: shown.onEvent, onSweep: (event) => tell(event, terminal, shown.stop) },
      );
      shown.stop();
      terminal.result(describeTrials(trials, options), trials);
    } finally {
      shown.stop();
    }
  }, "Finishing the current step and saving …");
}

function tell(event: SweepEvent, terminal: Terminal, stop: () => void): void {
  stop();
  if (event.type === "trial")
    terminal.note(`[${event.number}/${event.count}] ${describeValues(event.values)}`);
  else {
    const { clean, robust } = event.trial;
    terminal.note(`  ${formatPercent(clean.accuracy)} clean, ${formatPercent(robust.accuracy)} under attack`);
  }
}

function describeValues(values: Trial["values"]): string {
  const entries = Object.entries(values).map(([path, value]) => {
    const short = path === LAMBDA ? "lambda" : (nameOfSetting(path) ?? path);
    return `${short} ${typeof value === "number" ? formatEpsilon(value) : String(value)}`;
  });
  return entries.length === 0 ? "as given" : entries.join(", ");
}

function describeTrials(
  trials: readonly Trial[],
  { criterion, judgeEpsilon, judgeSteps }: SweepCommandOptions,
): string {
  const rows = trials.map((trial, i) => [
    describeValues(trial.values),
    formatPercent(trial.clean.accuracy),
    formatPercent(trial.robust.accuracy),
    formatPercent(trial.score),
    i === 0 ? "best" : trial.clearlyWorse ? "" : "within chance of the best",
  ]);
  return [
    formatTable([["setting", "clean", `PGD-${judgeSteps}`, criterion, ""], ...rows]),
    `Judged on the validation images, L∞ ε = ${formatEpsilon(judgeEpsilon)}. Best: ${trials[0]!.folder}`,
  ].join("\n");
}
