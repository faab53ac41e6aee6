import { basename, dirname, relative } from "node:path";
import type { Command } from "commander";
import { InputError } from "../../errors/index.js";
import type { ModelUnderTest } from "../../evaluation/index.js";
import { ownShape } from "../images.js";
import {
  loadAnyModel,
  loadModel,
  modelOptions,
  modelPath,
  type LoadedModel,
  type ModelOptions,
} from "../models.js";
import { checkOutputs } from "../outputs.js";
import { describeReading, isOfGraph } from "../reading.js";
import { settleModel } from "../settle.js";
import { commonOptions, mapOptions, type CommonOptions, type MapOptions } from "../shared-options.js";
import { writeError } from "../streams.js";
import { createTerminal, type Terminal } from "../terminal.js";
import { count } from "../values.js";

interface InspectOptions extends CommonOptions, ModelOptions, MapOptions {
  readonly graph?: boolean;
  readonly write?: boolean;
  readonly data?: string;
  readonly picture?: string;
  readonly batchSize: number;
}

const EXAMPLES = `
Examples:
  holdfast inspect my-model.onnx
  holdfast inspect my-model.onnx --size 224 --picture graph.svg
  holdfast inspect my-model.onnx --json | jq '{attackable, obstacles}'
  holdfast inspect runs/mnist-at-alp --graph | less
  holdfast inspect my-model.onnx --data photos --write

"attackable: yes" is tested: a PGD step is built and compiled. If the model cannot be read, the exit code is 3
and every unsupported node is listed. --write saves what is known about the model's images to my-model.yaml,
which every command then reads; what neither the options nor the files say is found by trying it on --data.
schemas/inspection.schema.json describes the JSON.`;

export function inspectCommand(program: Command): void {
  const command = program
    .command("inspect")
    .argument("<model>", "a run folder or an .onnx file")
    .option("--graph", "print the whole graph, one line per node")
    .option("--picture <file>", "draw the graph as an .svg; repeated blocks are drawn once")
    .option("--batch-size <n>", "batch size to estimate memory for", count, 8)
    .option("--write", "save how its images are preprocessed to a .yaml file beside it")
    .option(
      "--data <name>",
      "labelled images to try the usual preprocessings on, if nothing says which it is",
    );
  modelOptions(mapOptions(command));
  commonOptions(command);
  command.addHelpText("after", EXAMPLES).action(inspect);
}

async function inspect(path: string, options: InspectOptions): Promise<void> {
  const terminal = createTerminal(options);
  await checkOutputs({ "--picture": options.picture }, { "the model": path });
  const notices: string[] = [];
  const model = await loaded(path, options, terminal, notices);
  if (model === undefined) return;
  if (options.write === true) terminal.note(`written: ${await write(path, model)}`);
  if (options.picture !== undefined) await draw(options.picture, model, terminal);
  if (options.graph === true) {
    const { printGraph } = await import("../../graph/index.js");
    const graph = printGraph(model.classifier.graph);
    terminal.result(graph, { graph });
    return;
  }
  const { inspectionPage, inspectModel } = await import("../../inspection/index.js");
  const { name, info, classifier } = model;
  const { layout } = options;
  const facts = await inspectModel(
    {
      name,
      path,
      sha256: info.sha256,
      recipe: info.recipe,
      classifier,
      notices,
      pixels: describePixels(model),
      given: {
        normalisation: !isOfGraph(model.reading),
        layout: layout !== undefined,
      },
    },
    options.batchSize,
  );
  terminal.result(inspectionPage(facts), facts);
}

/** The model; undefined if it cannot be read, after everything about that has been shown. */
async function loaded(
  path: string,
  options: InspectOptions,
  terminal: Terminal,
  notices: string[],
): Promise<LoadedModel | undefined> {
  const name = basename(path).replace(/\.onnx$/i, "");
  const said = (text: string): number => notices.push(text.replace(`${name}: `, "").replace(`${path}: `, ""));
  try {
    const quiet = { ...terminal, note: said };
    const { data } = options;
    const shape = data === undefined ? undefined : (): ReturnType<typeof ownShape> => ownShape({ data });
    const model = await loadModel(path, options, quiet, shape);
    const settled = data === undefined ? model : await settleModel(model, { ...options, data }, terminal);
    return settled;
  } catch (error) {
    const { UnreadableModelError } = await import("../../graph/index.js");
    if (!(error instanceof InputError) || !(error instanceof UnreadableModelError)) throw error;
    const { inspectUnreadable, unreadablePage } = await import("../../inspection/index.js");
    const { readModelFile } = await import("../../onnx/index.js");
    const { readFileChecked, sha256Of } = await import("../../files/index.js");
    const { path: file } = modelPath(path);
    const sha256 = sha256Of(await readFileChecked(file));
    const why = await whyNotEvaluable(path, options, terminal);
    const facts = inspectUnreadable({ name, path, sha256 }, await readModelFile(file), error, why);
    terminal.result(unreadablePage(facts), facts);
    writeError(`error: ${path}: ${facts.problem}\n`);
    process.exitCode = error.exitCode;
    return undefined;
  }
}

/** Why a model with unsupported nodes cannot be measured unchanged; null if it can. */
async function whyNotEvaluable(
  path: string,
  options: InspectOptions,
  terminal: Terminal,
): Promise<string | null> {
  const { data } = options;
  const shape = data === undefined ? undefined : (): ReturnType<typeof ownShape> => ownShape({ data });
  const silent = { ...terminal, note: () => {}, warn: () => {} };
  try {
    await loadAnyModel(path, options, silent, shape);
    return null;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { place, problem } = error.cause instanceof InputError ? error.cause : error;
    return `${place}: ${problem}`;
  }
}

async function draw(file: string, { name, classifier }: ModelUnderTest, terminal: Terminal): Promise<void> {
  const { graphPicture } = await import("../../inspection/index.js");
  const { writeFileAtomic } = await import("../../files/index.js");
  await writeFileAtomic(file, graphPicture(classifier, name));
  terminal.note(`${file}: the graph`);
}

function describePixels({ reading: { isSettled, origin, description } }: LoadedModel): string {
  if (!isSettled)
    return "not known: give --data to try the usual preprocessings, or --mean, --std, --pixel-range";
  if (origin === undefined) return "x in [0, 1], unchanged: the model was saved by holdfast";
  return describeReading(description, origin);
}

/** Saves what is known beside the model. Returns the path. */
async function write(argument: string, { reading }: LoadedModel): Promise<string> {
  const { writeDescription } = await import("../../models/index.js");
  const { UsageError } = await import("../../errors/index.js");
  const { isSettled, origin, description } = reading;
  if (isSettled && origin !== undefined) {
    const { path } = modelPath(argument);
    const { labels } = description;
    const beside = typeof labels === "string" ? { labels: relative(dirname(path), labels) } : {};
    return writeDescription(path, { ...description, ...beside });
  }
  throw new UsageError({
    place: "--write",
    problem: isSettled
      ? "is not needed: holdfast saved the model, and the file itself says everything"
      : "nothing says how the model's pixels are read",
    remedy: isSettled
      ? "Omit it."
      : "Give --data to try the usual preprocessings, or give --mean, --std, --pixel-range.",
  });
}
