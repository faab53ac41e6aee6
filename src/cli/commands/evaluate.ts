import type { Command } from "commander";
import type { EvaluateEvent, ModelUnderTest, Result, ThreatInfo } from "../../evaluation/index.js";
import { CARDS } from "../../attacks/cards/index.js";
import type { AnyClassifier, KnownImageShape } from "../../models/index.js";
import {
  attackOptions,
  describeAttack,
  givenOptions,
  type AttackOptions,
  type Given,
} from "../attack-options.js";
import { openSample, ownShape, usualEpsilons } from "../images.js";
import {
  extraInputs,
  loadAnyModel,
  modelOptions,
  withUniqueNames,
  type LoadedModel,
  type ModelOptions,
} from "../models.js";
import { checkOutputs } from "../outputs.js";
import { settleModel } from "../settle.js";
import {
  commonOptions,
  computeOptions,
  dataOptions,
  type CommonOptions,
  type ComputeOptions,
  mapOptions,
  type DataOptions,
  type MapOptions,
} from "../shared-options.js";
import { createTerminal, formatPercent, formatTable, type Progress, type Terminal } from "../terminal.js";
import { toolInfo } from "../tool.js";
import { count, counts, countOrNone, formatEpsilon, share } from "../values.js";

interface EvaluateCommandOptions
  extends CommonOptions, ComputeOptions, DataOptions, MapOptions, AttackOptions, ModelOptions {
  readonly iterations?: number[];
  readonly transfer: boolean;
  readonly curve?: number | true;
  readonly examples: number;
  readonly out: string;
  readonly report?: string;
  readonly failBelow?: number;
}

const EXAMPLES = `
Examples:
  holdfast evaluate runs/mnist-at-alp --data mnist:test --limit 1000 --report report.html
  holdfast evaluate runs/a runs/b --data mnist:test --epsilon 0.1,0.2,0.3 --iterations 10,20,100
  holdfast evaluate model.onnx --data photos --epsilon 2/255,4/255,8/255 --fail-below 0.4
  holdfast evaluate model.onnx --data photos --limit 1000 --epsilon 4/255 --attack standard --report report.html
  holdfast evaluate model.onnx --data photos --epsilon 4/255 --attack square --queries 20000
  holdfast evaluate model.onnx --data photos --limit 200 --curve 200 --report report.html
  holdfast evaluate model.onnx --data photos --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --crop 0.875

Writes a result as JSON, and a report that needs nothing else. An accuracy under attack is an
upper bound: a stronger attack can only find more. For an image that stands auto takes
up to 520 gradients and 1000 answers, standard (AutoAttack) 2800 and 5000, PGD 40, and --curve 1000 more of every image. From L∞ ε = 0.5 on
the gray image, which then lies in every ball, is tried too. Ctrl-C or a crash loses nothing: the same
command goes on. Exit code 1 with --fail-below when it is missed,
or when a serious warning says that the accuracy is false.`;

export function evaluateCommand(program: Command): void {
  const command = program
    .command("evaluate")
    .description("measure one or more models: clean, under white-box attack, and by transfer between them")
    .argument("<models...>", "run folders or .onnx files");
  mapOptions(dataOptions(command, "mnist:test"));
  attackOptions(command, {
    epsilon:
      "one radius or a list; the last is the headline (default: 0.1,0.2,0.3 for mnist, else 2,4,8/255)",
    suites: true,
  });
  command
    .option("--iterations <list>", "further step counts at the headline ε, such as 10,20,100", counts)
    .option(
      "--curve [steps]",
      "look for the nearest adversarial image of each image (FMN, 1000 steps): the accuracy at every ε, and the median distance",
      count,
    )
    .option("--no-transfer", "do not try each model's adversarial images on the others")
    .option("--examples <n>", "images kept for the report", countOrNone, 6)
    .option("--out <file>", "where the result goes", "result.json")
    .option("--report <file>", "write the HTML report too")
    .option("--fail-below <share>", "exit with 1 when a model's accuracy under attack is lower", share);
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
  const inputs = Object.fromEntries(models.map((path) => [`the model ${path}`, path]));
  const outputs = { "--out": options.out, "--report": options.report };
  await checkOutputs(outputs, { ...inputs, ...extraInputs(options) }, { "--data": options.data });
  const keepIn = await partialOf(options);
  const result = await measure(models, options, given, terminal, keepIn);
  const { writeResult, worstCase } = await import("../../evaluation/index.js");
  await writeResult(options.out, result);
  const { rm } = await import("node:fs/promises");
  if (keepIn !== undefined) await rm(keepIn, { force: true });
  terminal.note(`result: ${options.out}`);
  if (options.report !== undefined) {
    const { renderReport } = await import("../../report/index.js");
    const { writeFileAtomic } = await import("../../files/index.js");
    await writeFileAtomic(options.report, await renderReport(result));
    terminal.note(`report: ${options.report}`);
  }
  terminal.result(await describeResult(result), result);
  const worst = result.models.map(({ name }) => worstCase(result, name, result.headline!)?.accuracy ?? 0);
  if (options.failBelow !== undefined && Math.min(...worst) < options.failBelow) {
    terminal.warn(`accuracy under attack is below ${formatPercent(options.failBelow)}`);
    process.exitCode = 1;
  } else if (options.failBelow !== undefined && hasSeriousWarning(result)) {
    terminal.warn("a serious warning says that the number is false, so --fail-below has not passed");
    process.exitCode = 1;
  }
}

/** Where outcomes are kept until the result is written: beside it, where it is a file. */
async function partialOf({ out }: EvaluateCommandOptions): Promise<string | undefined> {
  const { stat } = await import("node:fs/promises");
  const there = await stat(out).catch(() => undefined);
  return there === undefined || there.isFile() ? `${out}.partial` : undefined;
}

function hasSeriousWarning({ warnings }: Result): boolean {
  return warnings.some(({ severity }) => severity === "serious");
}

async function shapeFor(
  first: ModelUnderTest<AnyClassifier> | undefined,
  options: DataOptions,
): Promise<KnownImageShape> {
  if (first === undefined) return ownShape(options);
  const { channels, height, width } = first.classifier;
  return { channels, size: [height, width] };
}

async function measure(
  paths: readonly string[],
  options: EvaluateCommandOptions,
  given: Given,
  terminal: Terminal,
  keepIn: string | undefined,
): Promise<Result> {
  const loaded: LoadedModel<AnyClassifier>[] = [];
  // All are given the same images: those that fit the first.
  const imageShape = (): Promise<KnownImageShape> => shapeFor(loaded[0], options);
  for (const path of paths) {
    const model = await loadAnyModel(path, options, terminal, imageShape);
    loaded.push(await settleModel(model, options, terminal));
  }
  const models = withUniqueNames(loaded);
  const sample = await openSample(options, options.seed, [models[0]!, ...models.slice(1)], terminal);
  const epsilons = options.epsilon ?? usualEpsilons(options.data, options.norm);
  const { holdsGrayImage } = await import("../../attacks/index.js");
  const { isOpaque } = await import("../../models/index.js");
  const gray = epsilons.filter((epsilon) => holdsGrayImage({ norm: options.norm, epsilon }));
  terminal.note(
    `${sample.dataset.length} of ${sample.population} images of ${sample.dataset.name} (${sample.dataset.split}), seed ${options.seed}\n` +
      describeAttack(options, given, epsilons) +
      (models.some(({ classifier }) => isOpaque(classifier))
        ? `; without a gradient: what of it needs none, else Square${options.curve === undefined ? "" : ", and no curve"}`
        : "") +
      (options.curve === undefined ? "" : `; the curve over ε: ${curveOf(options.curve)}`) +
      (gray.length === 0 ? "" : `; the gray image, ε ${gray.map(formatEpsilon).join(", ")}`),
  );
  const { evaluateModels } = await import("../../evaluation/index.js");
  const display = createDisplay(terminal);
  try {
    return await evaluateModels(
      models,
      sample,
      {
        norm: options.norm,
        epsilons,
        headline: epsilons.at(-1)!,
        attack: options.attack,
        options: given,
        iterations: options.iterations ?? [],
        curve: options.curve ?? false,
        transferFrom: options.transfer && models.length > 1 ? models.map(({ name }) => name) : [],
        examples: options.examples,
        batchSize: options.batchSize,
        ...(options.threads === undefined ? {} : { threads: options.threads }),
        seed: options.seed,
      },
      toolInfo(),
      {
        onEvent: display.onEvent,
        keepIn,
        onKept: (outcomes) => terminal.note(`goes on from ${keepIn}: ${outcomes} outcomes are there`),
      },
    );
  } finally {
    display.stop();
  }
}

function createDisplay(terminal: Terminal): { onEvent: (event: EvaluateEvent) => void; stop: () => void } {
  let progress: Progress | undefined;
  return {
    stop: () => progress?.stop(),
    onEvent(event) {
      if (event.type === "plan") progress = terminal.progress(event.work, "gradients");
      else if (event.type === "progress") progress?.at(event.done, event.label);
    },
  };
}

/** The table, what each attack of a suite took, and the warnings, as the terminal shows them. */
export async function describeResult(result: Result): Promise<string> {
  const { attackLabel, describeStages } = await import("../../evaluation/index.js");
  const measured = result.measurements.filter((m) => m.kind !== "nearest");
  const rows = measured.map((m) => [
    m.model,
    m.kind === "clean" ? "clean" : `${attackLabel(m)}${m.kind === "transfer" ? ` from ${m.source}` : ""}`,
    m.kind === "clean" ? "" : describeThreat(m.threat),
    formatPercent(m.accuracy),
    `${(100 * m.interval.low).toFixed(1)}–${(100 * m.interval.high).toFixed(1)} %`,
  ]);
  const suites = measured.flatMap((m) => (m.kind === "clean" ? [] : (describeStages(m) ?? [])));
  const warnings = result.warnings
    .filter(({ severity }) => severity !== "info")
    .map(({ severity, message }) => `${severity}: ${message}`);
  return [
    formatTable([["model", "attack", "threat", "accuracy", "95 % interval"], ...rows]),
    ...suites,
    ...warnings,
    ...result.statements,
  ].join("\n");
}

/** `FMN, up to 1000 gradients an image` */
function curveOf(curve: number | true): string {
  const { label, options } = CARDS.fmn;
  return `${label}, ${curve === true ? String(options.steps.default) : curve} gradients an image`;
}

function describeThreat({ norm, epsilon }: ThreatInfo): string {
  return `${norm === "linf" ? "L∞" : "L2"} ${Number(epsilon.toPrecision(4))}`;
}
