import { Argument, InvalidArgumentError, Option, type Command } from "commander";
import type {
  PieceState,
  ReproductionEvent,
  ReproductionPart,
  ReproductionPlan,
  WeightsFiles,
} from "../../reproduction/index.js";
import { PRESETS, REPRODUCTION_PARTS } from "../../reproduction/names.js";
import { withInterrupt } from "../interrupt.js";
import { endWithParent, startHelpers } from "../jobs.js";
import { checkFolder } from "../outputs.js";
import {
  choiceOptions,
  commonOptions,
  openOptionsOf,
  type CommonOptions,
  type DataOptions,
} from "../shared-options.js";
import {
  createSkippedWarner,
  createTerminal,
  formatSeconds,
  formatTable,
  type Progress,
  type Terminal,
} from "../terminal.js";
import { oneOf, shard, whole, workers } from "../values.js";

type ChoiceOptions = Pick<DataOptions, "classes" | "flowersSplit" | "skipUnreadable">;

interface ReproduceCommandOptions extends CommonOptions, ChoiceOptions {
  readonly preset: string;
  readonly data?: string[];
  readonly out: string;
  readonly plan?: boolean;
  readonly only?: string[];
  readonly skip?: string[];
  readonly shard?: { readonly index: number; readonly count: number };
  readonly weights?: Record<string, string>;
  readonly seeds?: number;
  readonly threads?: number;
  readonly jobs: number;
  readonly helper?: boolean;
}

const EXAMPLES = `
Examples:
  holdfast reproduce all --preset tiny --data flowers
  holdfast reproduce table1 --preset small --data 17flowers/ --data dogs-vs-cats/ --out runs/small
  holdfast reproduce all --preset small --data 17flowers/ --out runs/small --plan
  holdfast reproduce all --preset small --data 17flowers/ --out runs/small --jobs 8
  holdfast reproduce all --preset small --data 17flowers/ --out runs/small --shard 1/4
  holdfast reproduce all --preset paper --data 17flowers/ --weights resnet101=resnet101.safetensors \\
      --weights resnet152=resnet152.safetensors
  holdfast merge runs/small shard-2/ shard-3/ shard-4/

Prints the plan first: what will run, how long it will take by a short measurement on this machine, and what
is done already. Finished pieces are kept: after a stop or a kill, run the same command again. A piece is named
by its exact settings, so runs with other settings in the same folder share the pieces they have in common.
Small models finish sooner with several at a time (--jobs) than with many threads each.

--only and --skip match whole words of a piece's title as --plan shows it: a dataset, a recipe, transfer,
white-box, measure. "at" does not match at-alp. To combine the folders of --shard, run holdfast merge; then run
the command again without --shard to do what waited for another machine and to write the report.`;

export function reproduceCommand(program: Command): void {
  const command = program
    .command("reproduce")
    .addArgument(new Argument("<what>", "what to reproduce").choices(REPRODUCTION_PARTS))
    .addOption(oneOf("--preset <name>", "settings", Object.keys(PRESETS)).default("small"))
    .option("--data <name>", "a dataset, as for train; repeatable (default: flowers)", gather)
    .option("--out <folder>", "folder for the pieces and the report (default: reproduction-<preset>)")
    .option("--plan", "list every piece of the plan, and stop")
    .option("--only <words>", "do only pieces whose title has these whole words; repeatable", gather)
    .option("--skip <words>", "skip pieces whose title has these whole words; repeatable", gather)
    .option("--shard <i/n>", "do part i of n, in a folder of its own for holdfast merge", shard)
    .option("--weights <model=file>", "ImageNet weights of an architecture; repeatable", weightsOf)
    .option("--seeds <n>", "seeds of each defended model (default: the preset's)", whole(1, 1000))
    .option(
      "--threads <n>",
      "threads inside an operator (default: the number of cores, or a job's share)",
      workers,
    )
    .option("--jobs <n>", "pieces to do at a time, each in its own process", workers, 1)
    .addOption(new Option("--helper", "a process of --jobs").hideHelp());
  commonOptions(choiceOptions(command)).addHelpText("after", EXAMPLES).action(reproduceAction);
}

function gather(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

function weightsOf(text: string, so: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [model, file] = /^([^=]+)=(.+)$/.exec(text)?.slice(1) ?? [];
  if (model === undefined || file === undefined) {
    throw new InvalidArgumentError("It must be like resnet101=resnet101.safetensors.");
  }
  return { ...so, [model]: file };
}

async function reproduceAction(what: ReproductionPart, options: ReproduceCommandOptions): Promise<void> {
  const terminal = createTerminal(options);
  const { coreCount } = await import("../../files/index.js");
  const { reproduce } = await import("../../reproduction/index.js");
  const out = options.out ?? `reproduction-${options.preset}`;
  checkFolder("--out", out);
  const plan = await planOf(options, terminal);
  const { jobs } = options;
  const threads = options.threads ?? Math.max(1, Math.floor(coreCount() / jobs));
  await withInterrupt(async (signal, worthSaving) => {
    worthSaving();
    if (options.helper === true) endWithParent();
    const display = createDisplay(terminal, plan, options.plan === true, jobs);
    const helpers =
      jobs > 1 && options.plan !== true
        ? startHelpers(jobs - 1, [...helperArguments(process.argv.slice(2)), "--threads", String(threads)], {
            terminal,
            signal,
          })
        : undefined;
    try {
      const done = await reproduce(
        plan,
        {
          part: what,
          out,
          threads,
          only: options.only,
          skip: options.skip,
          shard: options.shard,
          planOnly: options.plan,
        },
        { signal, onEvent: display.onEvent },
      );
      await helpers?.ended;
      display.stop();
      if (options.helper === true) return;
      if (options.plan !== true) await writeAnswers(terminal, plan, out, threads);
      const left = done.pieces.filter(({ state }) => state !== "done").length;
      terminal.result(
        left === 0
          ? `all ${done.pieces.length} pieces are done`
          : `${left} of ${done.pieces.length} pieces left`,
        {
          out,
          pieces: done.pieces.map(({ piece, state, seconds }) => ({
            key: piece.key,
            title: piece.title,
            state,
            seconds,
          })),
        },
      );
    } finally {
      display.stop();
      await helpers?.stop();
    }
  }, "Finishing the current batch or step …");
}

/** Refuses what it can before a dataset is opened or a file of weights is read. */
async function planOf(options: ReproduceCommandOptions, terminal: Terminal): Promise<ReproductionPlan> {
  const { checkWeights, describeDataset, planReproduction } = await import("../../reproduction/index.js");
  const { sortedClasses } = await import("../../data/index.js");
  const preset = PRESETS[options.preset]!;
  const { data = ["flowers"], weights = {}, ...others } = options;
  checkWeights(preset, Object.keys(weights));
  const open = {
    ...openOptionsOf(others),
    // Models are trained and measured with the same order of classes, which must not depend on how it was typed.
    ...(others.classes === undefined ? {} : { classes: sortedClasses(others.classes) }),
    ...(preset.size === null ? {} : { size: { height: preset.size, width: preset.size } }),
    // A job shows only errors; the process that started it has already listed the skipped files.
    ...(options.helper === true ? {} : { onSkipped: createSkippedWarner(terminal) }),
  };
  const datasets = [];
  for (const each of data) datasets.push(await describeDataset(each, open));
  const seeds =
    options.seeds === undefined ? preset.seeds : Array.from({ length: options.seeds }, (_, i) => i);
  return planReproduction({ ...preset, seeds }, datasets, await hashed(weights));
}

/** Arguments for a job: the same work, quietly and in one process. */
function helperArguments(args: readonly string[]): string[] {
  const valued = new Set(["--jobs", "--threads"]);
  const kept = args.filter(
    (arg, i) => !valued.has(arg) && !valued.has(args[i - 1] ?? "") && !/^--(jobs|threads)=/.test(arg),
  );
  return [...kept, "--quiet", "--helper"];
}

/** Weights are identified by their bytes; other weights make other pieces. */
async function hashed(weights: Readonly<Record<string, string>>): Promise<WeightsFiles> {
  const { readFileChecked, sha256Of } = await import("../../files/index.js");
  const entries = Object.entries(weights).map(async ([model, path]) => {
    const sha256 = sha256Of(await readFileChecked(path));
    return [model, { path, sha256 }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Prints the tables and writes the files, always with white-box next to transfer. */
async function writeAnswers(
  terminal: Terminal,
  plan: ReproductionPlan,
  out: string,
  threads: number,
): Promise<void> {
  const { assembleReproduction, summaryNotes, summaryTable, summaryWarnings, writeReproduction } =
    await import("../../reproduction/index.js");
  const assembled = await assembleReproduction(plan, { out, threads });
  if (assembled === null) return;
  for (const dataset of assembled.result.datasets) {
    terminal.note(["", formatTable(summaryTable(dataset)), ...summaryNotes(dataset)].join("\n"));
    const [all, ...kinds] = summaryWarnings(dataset.result);
    if (all !== undefined) terminal.warn(all);
    if (kinds.length > 0) terminal.note(kinds.map((line) => `  ${line}`).join("\n"));
  }
  terminal.note(
    "Gray-box and black-box measure transfer, not robustness; white-box PGD is an upper bound of robustness.",
  );
  const files = await writeReproduction(out, assembled);
  terminal.note(`report: ${files.report}\nresult: ${files.result}`);
}

function createDisplay(
  terminal: Terminal,
  plan: ReproductionPlan,
  all: boolean,
  jobs: number,
): { onEvent: (event: ReproductionEvent) => void; stop: () => void } {
  let progress: Progress | undefined;
  return {
    stop: () => progress?.stop(),
    onEvent(event) {
      if (event.type === "plan") terminal.note(describePlan(plan, event.pieces, all, jobs));
      else if (event.type === "piece") {
        terminal.note(`[${event.number}/${event.count}] ${event.piece.title}`);
        progress = undefined;
      } else if (event.type === "progress") {
        progress ??= terminal.progress(event.total, event.piece.kind === "train" ? "steps" : "images");
        progress.at(event.done, event.text);
      } else if (event.type === "finished") {
        progress?.stop();
        progress = undefined;
        terminal.note(`  done in ${formatSeconds(event.seconds)}`);
      } else if (event.type === "note") terminal.warn(`${event.piece.title}: ${event.text}`);
      else terminal.note(`waiting for another shard: ${event.piece.title}`);
    },
  };
}

/** Describes the pieces by kind, or all of them, and their time. */
function describePlan(
  { preset, datasets }: ReproductionPlan,
  pieces: readonly PieceState[],
  all: boolean,
  jobs: number,
): string {
  const left = (states: readonly PieceState[]): number =>
    states.reduce((sum, { state, seconds }) => sum + (state === "to do" ? seconds : 0), 0);
  const rows = all
    ? pieces.map((each) => [each.piece.title, each.state, formatSeconds(each.seconds)])
    : [...new Set(pieces.map(({ piece }) => piece.kind))].map((kind) => {
        const own = pieces.filter(({ piece }) => piece.kind === kind);
        const done = own.filter(({ state }) => state === "done").length;
        return [kind, `${done} of ${own.length} done`, `${formatSeconds(left(own))} left`];
      });
  return [
    `preset ${preset.name}: ${preset.description}`,
    ...datasets.map(
      ({ title, data, counts }) => `${title} (${data}): ${counts.train} training, ${counts.test} test images`,
    ),
    formatTable([["piece", "state", "time"], ...rows]),
    `about ${formatSeconds(left(pieces) / jobs)} on this machine${jobs > 1 ? `, ${jobs} pieces at a time` : ""}, ` +
      "estimated from a short measurement and the pieces already done",
  ].join("\n");
}
