import { Option, type Command } from "commander";
import type { Result } from "../../evaluation/index.js";
import type { History } from "../../sharing/index.js";
import { checkFolder, checkOutputs } from "../outputs.js";
import { commonOptions, type CommonOptions } from "../shared-options.js";
import { createTerminal, type Terminal } from "../terminal.js";
import { oneOf } from "../values.js";

/** Where each format is written, and whether it is about one model of a result. */
const FORMATS = {
  tensorboard: "folder",
  wandb: "folder",
  mlflow: "server",
  csv: "file",
  "model-index": "document",
  "model-card": "document",
  evidence: "document",
} as const;
type Format = keyof typeof FORMATS;

interface ExportOptions extends CommonOptions {
  readonly to: Format;
  readonly out?: string;
  readonly model?: string;
  readonly mlflow?: string;
  readonly experiment?: string;
}

const EXAMPLES = `
Formats:
  tensorboard  event files: scalars, settings (HParams) and warnings (Text), in one folder per model
  wandb        wandb-history.jsonl, wandb-summary.json and config.yaml, in one folder per model
  mlflow       one run per model on an MLflow server, through its REST API
  csv          a table: one row per measurement of a result, or per step of a run
  model-index  the front matter of a README.md on the Hugging Face Hub
  model-card   a README.md for the Hub: what was measured, how, its limits, how to repeat it
  evidence     the measurements in the terms of NIST AI 100-2, ISO/IEC 24029 and Article 15 of the EU's AI Act

Examples:
  holdfast export runs/at-alp --to tensorboard --out logs
  holdfast export runs/at-alp result.json --to mlflow --mlflow http://localhost:5000
  holdfast export result.json --to model-card --model at-alp --out README.md
  holdfast export result.json --to csv | head

A run may still be training, and a result may have been cut off by a budget; the export says so. Nothing is sent
anywhere except to the server of --to mlflow. MLFLOW_TRACKING_URI can name that server;
MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, log in to it.`;

export function exportCommand(program: Command): void {
  const command = program
    .command("export")
    .argument("<from...>", "run folders from holdfast train, or results from holdfast evaluate")
    .addOption(oneOf("--to <format>", "output format", Object.keys(FORMATS)).makeOptionMandatory())
    .option(
      "--out <path>",
      "a folder for tensorboard and wandb, a file for the others (default: standard output)",
    )
    .option("--model <name>", "the model to write a document about, if a result has several")
    .addOption(
      new Option("--mlflow <address>", "the MLflow server, such as http://localhost:5000").env(
        "MLFLOW_TRACKING_URI",
      ),
    )
    .addOption(
      new Option("--experiment <name>", "the MLflow experiment, created if missing (default: holdfast)").env(
        "MLFLOW_EXPERIMENT_NAME",
      ),
    );
  commonOptions(command)
    .addHelpText("after", EXAMPLES)
    .action(async (from: string[], options: ExportOptions, self: Command) => {
      await refuseIdle(options, self);
      await checkPlace(from, options);
      await ACTIONS[FORMATS[options.to]](from, options, createTerminal(options));
    });
}

/** @throws UsageError if an option does not apply to the format. The environment is ignored, since it may be meant for others. */
async function refuseIdle({ to, out }: ExportOptions, self: Command): Promise<void> {
  const { UsageError } = await import("../../errors/index.js");
  const place = FORMATS[to];
  const typed = (name: string): boolean => self.getOptionValueSource(name) === "cli";
  const idle = [
    ...(place === "server" ? ["out"] : ["mlflow", "experiment"]),
    ...(place === "document" ? [] : ["model"]),
  ].find(typed);
  if (idle !== undefined) {
    throw new UsageError({
      place: `--${idle}`,
      problem: `does not apply to --to ${to}`,
      remedy: "Omit it.",
    });
  }
  if (place === "folder" && out === undefined) {
    throw new UsageError({
      place: `--to ${to}`,
      problem: "writes several files",
      remedy: "Name the folder for them with --out.",
    });
  }
}

async function checkPlace(from: readonly string[], { to, out }: ExportOptions): Promise<void> {
  const inputs = Object.fromEntries(from.map((path) => [`the input ${path}`, path]));
  if (FORMATS[to] === "folder") checkFolder("--out", out!);
  else await checkOutputs({ "--out": out }, inputs);
}

const ACTIONS: Readonly<
  Record<
    (typeof FORMATS)[Format],
    (from: readonly string[], options: ExportOptions, terminal: Terminal) => Promise<void>
  >
> = { folder: writeFolder, server: sendToServer, file: writeTable, document: writeDocument };

async function writeFolder(
  from: readonly string[],
  { to, out }: ExportOptions,
  terminal: Terminal,
): Promise<void> {
  const { tensorboardFiles, wandbFiles, writeShared } = await import("../../sharing/index.js");
  const histories = await readHistories(from);
  const files = to === "tensorboard" ? tensorboardFiles(histories) : wandbFiles(histories);
  const written = await writeShared(out!, files);
  terminal.result(written.join("\n"), { written });
}

async function sendToServer(
  from: readonly string[],
  { mlflow, experiment = "holdfast" }: ExportOptions,
  terminal: Terminal,
): Promise<void> {
  const { logHistory, mlflowServer } = await import("../../sharing/index.js");
  if (mlflow === undefined || mlflow === "") {
    const { UsageError } = await import("../../errors/index.js");
    throw new UsageError({
      place: "--to mlflow",
      problem: "needs the address of a server",
      remedy: "Give it with --mlflow http://localhost:5000, or in MLFLOW_TRACKING_URI.",
    });
  }
  const server = mlflowServer(mlflow, process.env);
  const runs = [];
  // Runs logged before a failure exist on the server, and are reported.
  for (const history of await readHistories(from)) {
    const run = await logHistory(server, history, experiment);
    terminal.note(`${run.name}: ${run.page}`);
    runs.push(run);
  }
  terminal.result(runs.map(({ runId }) => runId).join("\n"), { runs });
}

async function writeTable(
  from: readonly string[],
  options: ExportOptions,
  terminal: Terminal,
): Promise<void> {
  const { historyCsv, historyOfRun, resultCsv } = await import("../../sharing/index.js");
  const path = await onlyOne(from, options);
  const csv = (await isFolder(path))
    ? historyCsv(await historyOfRun(path))
    : resultCsv(await readWhole(path));
  await deliver(csv, options, terminal);
}

async function writeDocument(
  from: readonly string[],
  options: ExportOptions,
  terminal: Terminal,
): Promise<void> {
  const {
    chooseModel,
    describeLeftOut,
    evidencePage,
    modelCard,
    modelIndexBlock,
    modelIndexOf,
    withoutFolders,
  } = await import("../../sharing/index.js");
  const path = await onlyOne(from, options);
  if (await isFolder(path)) {
    const { UsageError } = await import("../../errors/index.js");
    throw new UsageError({
      place: path,
      problem: `is a folder, but --to ${options.to} takes a result`,
      remedy: `Measure it first: holdfast evaluate ${path} --out result.json`,
    });
  }
  const whole = await readWhole(path);
  // Everyone can read what goes to the Hub; evidence stays with those who have the files.
  const result = options.to === "evidence" ? whole : withoutFolders(whole);
  const model = chooseModel(result, options.model, path);
  const text = (): string => {
    if (options.to === "evidence") return evidencePage(result, model);
    const index = modelIndexOf(result, model);
    for (const finding of index.leftOut) terminal.warn(describeLeftOut(finding));
    return options.to === "model-card" ? modelCard(result, model) : modelIndexBlock(index);
  };
  await deliver(text(), options, terminal);
}

/** @throws UsageError if there are several. */
async function onlyOne(from: readonly string[], { to }: ExportOptions): Promise<string> {
  const { UsageError } = await import("../../errors/index.js");
  if (from.length === 1) return from[0]!;
  throw new UsageError({
    place: `--to ${to}`,
    problem: `takes one input, but ${from.length} were given`,
    remedy: "Export them one at a time.",
  });
}

async function deliver(text: string, { out }: ExportOptions, terminal: Terminal): Promise<void> {
  if (out === undefined) return terminal.result(text.trimEnd(), { text });
  const { writeFileAtomic } = await import("../../files/index.js");
  await writeFileAtomic(out, text);
  terminal.result(out, { written: [out] });
}

async function readHistories(from: readonly string[]): Promise<History[]> {
  const { historyOfRun, resultHistories } = await import("../../sharing/index.js");
  const histories: History[] = [];
  for (const path of from) {
    if (await isFolder(path)) histories.push(await historyOfRun(path));
    else histories.push(...resultHistories(await readWhole(path)));
  }
  return histories;
}

/** Reads a result of all images. @throws InputError for a shard, for the saved state of a running evaluation, and for other files. */
async function readWhole(path: string): Promise<Result> {
  if (path.endsWith(".partial")) {
    const { InputError } = await import("../../errors/index.js");
    throw new InputError({
      place: path,
      problem: "is the saved state of an unfinished evaluation, not a result",
      remedy: "Run the same holdfast evaluate command again: it continues from there and writes the result.",
    });
  }
  const { readResult } = await import("../../evaluation/results.js");
  const { refuseShard } = await import("../../sharing/index.js");
  const result = await readResult(path);
  refuseShard(result, path);
  return result;
}

async function isFolder(path: string): Promise<boolean> {
  const { stat } = await import("node:fs/promises");
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
