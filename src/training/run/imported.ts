import { basename } from "node:path";
import { findClassFault, outputsByName, type Dataset } from "../../data/index.js";
import { InputError, UsageError } from "../../errors/index.js";
import { readFileChecked, sha256Of } from "../../files/index.js";
import {
  layoutOf,
  readImported,
  withHeadFor,
  writeBack,
  writeDescription,
  type Classifier,
  type Imported,
  type ImportedOptions,
  type PartlyKnown,
} from "../../models/index.js";
import { readModelFile, writeModel, writeModelFile, type Model } from "../../onnx/index.js";
import { createGenerator, type Tensor } from "../../tensor/index.js";
import type { RunConfig, RunPaths } from "./folder.js";
import { labelsSha256 } from "./data.js";
import { verifyRun } from "./manifest.js";

/** Whether to keep the last layer of an imported model, or draw a new one for the classes of the data. */
export type HeadChoice = "keep" | "new";

/** How to read an imported model; a file from holdfast needs none of this. */
export interface ImportSettings {
  readonly options?: ImportedOptions | undefined;
  /** By default it is kept if the data have the model's classes. */
  readonly head?: HeadChoice | undefined;
}

/** The part of `config.json` about an imported model: how to read `source.onnx` as at the beginning of the run. */
export interface ImportedModel {
  /** The file's name, without its folder. */
  readonly file: string;
  /** Of the file that was given. */
  readonly sha256: string;
  /** Of `source.onnx`. */
  readonly kept: string;
  readonly options: ImportedOptions;
  /** Whether the last layer was drawn for the classes of the data. */
  readonly newHead: boolean;
}

/** A protobuf message is below 2 GiB; training a network of half a billion weights is beyond one computer anyway. */
const LARGEST = 1.5e9;

/** Whether `--model` names a file and no architecture. */
export function isImport(model: string): boolean {
  return /\.onnx$/i.test(model) || /[/\\]/.test(model);
}

/** A given model, read for the first time. */
export interface Given {
  readonly model: Model;
  readonly file: string;
  readonly sha256: string;
}

/** Reads the file, or the model of a finished run if it has not changed. */
export async function readGiven(argument: string): Promise<Given> {
  const path = /\.onnx$/i.test(argument) ? argument : await modelOfRun(argument);
  return {
    model: await readModelFile(path),
    file: basename(path),
    sha256: sha256Of(await readFileChecked(path)),
  };
}

async function modelOfRun(folder: string): Promise<string> {
  await verifyRun(folder);
  return `${folder.replace(/[/\\]+$/, "")}/model.onnx`;
}

/** The image shape of a model, as far as its file fixes it. */
export function imageShapeOf(
  { model }: Pick<Given, "model">,
  { options = {} }: ImportSettings,
): { readonly size?: { readonly height: number; readonly width: number }; readonly channels?: number } {
  const shape = model.graph.inputs.find((input) => input.shape?.length === 4)?.shape ?? [];
  const [channels, height, width] =
    layoutFor(model, options) === "NHWC" ? [shape[3], shape[1], shape[2]] : shape.slice(1);
  return {
    ...(typeof height === "number" && typeof width === "number" ? { size: { height, width } } : {}),
    ...(typeof channels === "number" ? { channels } : {}),
  };
}

/** The order of its axes: as given, or as inferred from its input. */
function layoutFor(model: Model, { layout }: ImportedOptions): ImportedOptions["layout"] {
  return layout ?? layoutOf(model);
}

/** The training images, and a way to open them with their classes in another order. */
export interface OpenedData {
  readonly dataset: Dataset;
  reopen(classes: readonly string[]): Promise<Dataset>;
}

/** A run's imported model before its first step. */
export interface BegunImport {
  readonly classifier: Classifier;
  /** With the model, and with the data's classes in the order of its outputs. */
  readonly config: RunConfig;
  readonly dataset: Dataset;
  /** Content of `source.onnx`: the model with all its weights, including those from other files. */
  readonly bytes: Uint8Array;
}

/**
 * The classifier of a new run from an imported model, with the image shape and the classes of the data. If the data have
 * all of the model's classes in another order, they are put into the model's order, by name.
 *
 * @throws InputError, UsageError if model, data and recipe do not fit together.
 */
export async function beginImported(
  config: RunConfig,
  given: Given,
  { options = {}, head }: ImportSettings,
  data: OpenedData,
  onNotice: (notice: string) => void,
): Promise<BegunImport> {
  const { file, sha256, model } = given;
  refuseLayers(config);
  const { channels, height, width } = config.image;
  const layout = layoutFor(model, options);
  const all: ImportedOptions = { ...options, ...(layout && { layout }), size: [height, width], channels };
  const bytesOf = ({ data }: Tensor): number => data.byteLength;
  const size = Array.from(model.graph.initializers.values(), bytesOf).reduce((sum, each) => sum + each, 0);
  if (size > LARGEST) {
    throw new InputError({
      place: file,
      problem: `has ${(size / 1e9).toFixed(1)} GB of weights; the limit for training is ${LARGEST / 1e9} GB`,
      remedy: "Choose a smaller model of the same family.",
    });
  }
  const read = readImported(model, file, all, onNotice);
  const fixed = imageShapeOf(given, { options }).size;
  if (fixed !== undefined && (fixed.height !== height || fixed.width !== width)) {
    onNotice(
      `${file}: is trained on images of ${height} × ${width}; exported.onnx takes ${fixed.height} × ${fixed.width}, as the original does`,
    );
  }
  checkImages(read.classifier, config, file);
  checkTaps(read.classifier, config);
  const classes = head === "new" ? undefined : modelOrder(read.classifier, data.dataset);
  const dataset = classes === undefined ? data.dataset : await data.reopen(classes);
  if (classes !== undefined) {
    onNotice(`${file}: has the data's classes in another order; they are matched by name`);
  }
  const newHead = choosesNewHead(read, dataset, head, onNotice);
  // Reads the same bytes that a resumed run will read.
  const bytes = writeModel(model);
  const imported = { file, sha256, kept: sha256Of(bytes), options: all, newHead };
  const begun: RunConfig = {
    ...config,
    imported,
    classNames: dataset.classNames,
    labelsSha256: labelsSha256(dataset),
    ...(classes && { dataOptions: { ...config.dataOptions, classes } }),
  };
  return { classifier: trained(read, begun).classifier, config: begun, dataset, bytes };
}

/** The data's classes in the order of the model's outputs, if only their order differs; otherwise undefined. */
function modelOrder(model: Classifier, dataset: Dataset): readonly string[] | undefined {
  const { classNames } = dataset;
  if (model.classNames.length !== classNames.length) return undefined;
  const outputs = outputsByName(model, dataset);
  const places = new Set(outputs.filter((output) => output !== undefined));
  if (places.size !== classNames.length || outputs.every((output, label) => output === label))
    return undefined;
  return classNames.map((_, output) => classNames[outputs.indexOf(output)]!);
}

/** The imported model of a run, as before the first step. @throws InputError if its copy has changed. */
export async function importedOf({ source }: RunPaths, config: RunConfig): Promise<Imported> {
  const { kept, file, options } = config.imported!;
  if (sha256Of(await readFileChecked(source)) !== kept) {
    throw new InputError({
      place: source,
      problem: "its bytes have changed since the run began",
      remedy: "Restore the file from a copy, or start a new run with another --out.",
    });
  }
  return trained(readImported(await readModelFile(source), file, options), config);
}

/** With the classes of the data. */
function trained(read: Imported, { imported, classNames, settings }: RunConfig): Imported {
  if (imported!.newHead) return withHeadFor(read, classNames, createGenerator(settings.seed));
  return { ...read, classifier: { ...read.classifier, classNames, unnamed: undefined } };
}

/** Writes the file's own model with the weights of the run, and a description of its images beside it. */
export async function exportImported(
  path: string,
  imported: Imported,
  config: RunConfig,
  weights: ReadonlyMap<string, Tensor>,
): Promise<void> {
  const names = config.imported!.newHead ? config.classNames : undefined;
  const model = writeBack(imported, weights, names);
  await writeModelFile(path, model);
  await writeDescription(path, descriptionFor(model, config));
}

/** How to read the exported file: in the same way as the run read its initial model. */
function descriptionFor(
  model: Model,
  { imported, classNames, dataOptions: { fit, cropFraction, interpolation } }: RunConfig,
): PartlyKnown {
  const { mean, std, range, layout, channelOrder, output, size } = imported!.options;
  const isOpen = imageShapeOf({ model }, imported!).size === undefined;
  return {
    mean,
    std,
    range: range ?? 1,
    layout,
    channelOrder,
    ...(isOpen && { size }),
    crop: cropFraction,
    fit,
    interpolation,
    labels: classNames,
    output,
  };
}

function refuseLayers({ settings: { recipe }, model }: RunConfig): void {
  if (recipe.model === undefined) return;
  throw new UsageError({
    place: `recipe ${recipe.name}`,
    problem: `adds layers to the network, but ${model} is imported unchanged`,
    remedy:
      "Choose a recipe that changes only the training (at-alp, at, alp, pat, trades, …), or a built-in --model.",
  });
}

function checkImages(
  { channels, height, width }: Classifier,
  { data, image }: RunConfig,
  file: string,
): void {
  if (channels === image.channels && height === image.height && width === image.width) return;
  throw new InputError({
    place: data,
    problem: `has images of ${image.channels} × ${image.height} × ${image.width} (channels × height × width); ${file} takes ${channels} × ${height} × ${width}`,
    remedy: "Omit --size and --channels to read images as the model takes them.",
  });
}

function checkTaps({ taps }: Classifier, { settings: { recipe }, model }: RunConfig): void {
  if (taps.length > 0 || !((recipe.weights.attentionPairing ?? 0) > 0)) return;
  throw new InputError({
    place: model,
    problem: "has no spatial activations for attention pairing to compare",
    remedy: "Name some with --taps, or choose a recipe without attention pairing (alp, --beta 0).",
  });
}

function choosesNewHead(
  { place, classifier }: Imported,
  dataset: Dataset,
  asked: HeadChoice | undefined,
  onNotice: (notice: string) => void,
): boolean {
  const [own, theirs] = [classifier.classNames.length, dataset.classNames.length];
  const misplaced = own === theirs ? misplacement(classifier, dataset) : undefined;
  const fault = own === theirs ? (findClassFault(classifier, dataset)?.problem ?? misplaced) : undefined;
  if (asked === "keep") {
    if (misplaced !== undefined) {
      throw new InputError({
        place,
        problem: `${misplaced}: its last layer cannot be kept`,
        remedy:
          "Give the data's classes in the model's order (--classes with their names, or with a .txt file of one name per line), or use --head new.",
      });
    }
    if (own === theirs) return false;
    throw new InputError({
      place,
      problem: `has ${own} classes, but ${dataset.name} has ${theirs}: its last layer cannot be kept`,
      remedy: "Omit --head keep for a new last layer, or give data with the model's classes.",
    });
  }
  if (asked === "new") return true;
  if (own !== theirs) {
    onNotice(
      `${place}: has ${own} classes, but the data have ${theirs}: it gets a new last layer (--head new)`,
    );
    return true;
  }
  if (fault !== undefined) {
    onNotice(
      `${place}: ${fault}: it gets a new last layer. To keep the old one, give the data the model's classes in its order (--classes), or use --head keep if the names mean the same`,
    );
    return true;
  }
  onNotice(
    classifier.unnamed === true
      ? `${place}: names no classes; its ${own} outputs are assumed to be the data's classes in order (if not, use --head new)`
      : `${place}: has the data's classes: its last layer is kept`,
  );
  return false;
}

/** Why a kept last layer would learn one class from the images of another; undefined if it would not. */
function misplacement(model: Classifier, dataset: Dataset): string | undefined {
  // The user states that these are other names for the classes at their places. A model without names may still be ImageNet's.
  const isStated = model.unnamed !== true || dataset.classesStated === true;
  if (isStated && findClassFault(model, dataset) === undefined) return undefined;
  const outputs = outputsByName(model, dataset);
  const label = outputs.findIndex((output, at) => output !== undefined && output !== at);
  if (label < 0) return undefined;
  return `has "${dataset.classNames[label]!}" of ${dataset.name} as its output ${outputs[label]!}, but it is class ${label} of the data`;
}
