import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Command } from "commander";
import { InputError } from "../errors/index.js";
import type { ModelUnderTest } from "../evaluation/index.js";
import type { AnyClassifier, Classifier, KnownImageShape, PreprocessingNames } from "../models/index.js";
import type { Named } from "./outputs.js";
import { describeReading, readAnyModel, readModel, type Reading, type ReadingRequest } from "./reading.js";
import type { MapOptions } from "./shared-options.js";
import type { Terminal } from "./terminal.js";
import { count, fraction, imageSize, oneOf, shareAboveZero, whole } from "./values.js";

/** Options for models whose file does not describe their input. */
export interface ModelOptions {
  readonly mean?: number[];
  readonly std?: number[];
  readonly pixelRange?: number;
  readonly layout?: "NCHW" | "NHWC";
  readonly channelOrder?: "rgb" | "bgr";
  readonly crop?: number;
  readonly output?: string;
  readonly straightThrough?: boolean;
  readonly labels?: string;
  readonly size?: { height: number; width: number };
  readonly channels?: number;
}

const PREPROCESSING: PreprocessingNames = { mean: "--mean", std: "--std", range: "--pixel-range" };

/** Before any file is read. */
async function checkPreprocessing(options: ModelOptions): Promise<void> {
  if (options.mean === undefined && options.std === undefined) return;
  const { checkUnits } = await import("../models/index.js");
  checkUnits(descriptionOf(options), PREPROCESSING);
}

const numbers = (text: string): number[] => text.split(",").map(fraction);

/** Options for how a model takes its pixels, and which output to use. */
export function preprocessingOptions(command: Command): Command {
  return command
    .option(
      "--mean <list>",
      "channel means to subtract for a foreign model, such as 0.485,0.456,0.406",
      numbers,
    )
    .option("--std <list>", "channel deviations to divide by", numbers)
    .option("--pixel-range <n>", "largest pixel value it expects, such as 255 (default: 1)", whole(1, 65_535))
    .addOption(oneOf("--layout <axes>", "order of its axes (default: NCHW)", ["NCHW", "NHWC"]))
    .addOption(
      oneOf("--channel-order <order>", "order of its colours, also for --mean and --std (default: rgb)", [
        "rgb",
        "bgr",
      ]),
    )
    .option(
      "--straight-through",
      "differentiate its Round, Floor, Ceil and Sign as if they were the identity",
    )
    .option("--output <name>", "the output that gives the logits, if there are several")
    .hook("preAction", () => checkPreprocessing(command.opts<ModelOptions>()));
}

export function modelOptions(command: Command): Command {
  // In commands that read images, these two options apply to both the images and the model.
  if (!command.options.some(({ long }) => long === "--size")) {
    command
      .option("--size <n | hxw>", "size of its images, if the model leaves it open", imageSize)
      .option("--channels <n>", "channels of its images, if the model leaves them open", count);
  }
  return preprocessingOptions(command)
    .option(
      "--crop <share>",
      "share of the scaled picture's side to crop to, around the centre, such as 0.875 for 224 of 256 (default: 1)",
      shareAboveZero,
    )
    .option("--labels <file>", "names of its outputs in order: one per line, or JSON");
}

/** Files that options name, which no output may overwrite. */
export function extraInputs({ labels, classMap }: ModelOptions & MapOptions): Named {
  return { "--labels": labels, "--class-map": classMap };
}

/** A model argument: a run folder, which holds `model.onnx`, or an `.onnx` file. */
export function modelPath(argument: string): { readonly path: string; readonly folder: string | undefined } {
  if (!existsSync(argument)) {
    throw new InputError({
      place: argument,
      problem: "does not exist",
      remedy: "Name a run folder that holdfast train made, or an .onnx file.",
    });
  }
  if (!statSync(argument).isDirectory()) return { path: argument, folder: undefined };
  const path = join(argument, "model.onnx");
  const isRun = existsSync(join(argument, "config.json"));
  // A finished run may lack its model; verifying the run reports that.
  if (existsSync(join(argument, "manifest.json"))) return { path, folder: argument };
  if (existsSync(path) && !isRun) return { path, folder: argument };
  throw new InputError({
    place: argument,
    problem: existsSync(path)
      ? "is a run folder without manifest.json: the run did not finish, or its model cannot be verified"
      : "holds no model.onnx",
    remedy: isRun
      ? `Finish the run: holdfast train --resume ${argument}` +
        (existsSync(path) ? `, or name the file itself: ${path}` : "")
      : "Name a run folder that holdfast train made, or an .onnx file.",
  });
}

/** A model and its preprocessing. */
export interface LoadedModel<C extends AnyClassifier = Classifier> extends ModelUnderTest<C> {
  readonly reading: Reading<C>;
}

/**
 * Loads a model argument, with the facts that a result states about it. `imageShape` is called if the model leaves the
 * shape of its images open.
 */
export async function loadModel(
  argument: string,
  options: ModelOptions,
  terminal: Terminal,
  imageShape?: () => Promise<KnownImageShape>,
): Promise<LoadedModel> {
  return (await load(argument, options, terminal, imageShape, readModel)) as LoadedModel;
}

/** As {@link loadModel}, but a model with unsupported nodes runs as an unchanged file, with a warning. */
export function loadAnyModel(
  argument: string,
  options: ModelOptions,
  terminal: Terminal,
  imageShape?: () => Promise<KnownImageShape>,
): Promise<LoadedModel<AnyClassifier>> {
  return load(argument, options, terminal, imageShape, readAnyModel);
}

async function load(
  argument: string,
  options: ModelOptions,
  terminal: Terminal,
  imageShape: (() => Promise<KnownImageShape>) | undefined,
  read: typeof readAnyModel,
): Promise<LoadedModel<AnyClassifier>> {
  const { readFileChecked, sha256Of } = await import("../files/index.js");
  const { path, folder } = modelPath(argument);
  // A plain file is read without loading the code for runs.
  const runs = folder === undefined ? undefined : await import("../training/index.js");
  const finished = folder !== undefined && existsSync(join(folder, "manifest.json"));
  // Refuses a run whose files have changed, before its model is read.
  const training = finished ? await runs!.readRunSummary(folder) : undefined;
  if (folder !== undefined && !finished) {
    terminal.warn(`${folder}: has no manifest.json, so its model.onnx is used without verification`);
  }
  const name = basename(argument).replace(/\.onnx$/i, "");
  const reading = await read(
    { path, name, given: descriptionOf(options), imageShape, straightThrough: options.straightThrough },
    terminal,
  );
  const { classifier, description, origin } = reading;
  const config = folder === undefined ? undefined : await runs!.readRunConfig(folder);
  return {
    name,
    classifier,
    reading,
    info: {
      recipe: config?.settings.recipe.name ?? null,
      path: argument,
      sha256: sha256Of(await readFileChecked(path)),
      architecture: classifier.name,
      ...(training === undefined ? {} : { training }),
      ...(origin === undefined ? {} : { preprocessing: describeReading(description, origin) }),
    },
  };
}

/** What the options say about a model. */
export function descriptionOf({
  mean,
  std,
  pixelRange,
  layout,
  channelOrder,
  crop,
  output,
  labels,
  size,
  channels,
}: ModelOptions): ReadingRequest["given"] {
  return {
    ...(mean === undefined ? {} : { mean }),
    ...(std === undefined ? {} : { std }),
    ...(pixelRange === undefined ? {} : { range: pixelRange }),
    ...(layout === undefined ? {} : { layout }),
    ...(channelOrder === undefined ? {} : { channelOrder: channelOrder === "bgr" ? "BGR" : "RGB" }),
    ...(crop === undefined ? {} : { crop }),
    ...(output === undefined ? {} : { output }),
    // Relative to the working folder, not to the model.
    ...(labels === undefined ? {} : { labels: resolve(labels) }),
    ...(size === undefined ? {} : { size: [size.height, size.width] }),
    ...(channels === undefined ? {} : { channels }),
  };
}

/** Makes names unique: the second `model` becomes `model-2`. */
export function withUniqueNames<T extends ModelUnderTest<AnyClassifier>>(models: readonly T[]): T[] {
  const seen = new Map<string, number>();
  return models.map((model) => {
    const times = (seen.get(model.name) ?? 0) + 1;
    seen.set(model.name, times);
    return times === 1 ? model : { ...model, name: `${model.name}-${times}` };
  });
}
