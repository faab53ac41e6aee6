/** Determines a model's preprocessing: from flags, its description, its graph, or files that other tools wrote beside it. */
import { basename } from "node:path";
import type {
  AnyClassifier,
  Classifier,
  GraphStart,
  KnownImageShape,
  LoadOptions,
  ModelDescription,
  Preprocessing,
} from "../models/index.js";
import type { Model } from "../onnx/index.js";
import type { Terminal } from "./terminal.js";

/** A classifier, and what is known about its images. */
export interface Reading<C extends AnyClassifier = Classifier> {
  readonly classifier: C;
  /** Everything known, for `model.yaml`. */
  readonly description: ModelDescription;
  /** The source of the preprocessing, in words; undefined for a model saved by holdfast, whose graph takes pixels in [0, 1]. */
  readonly origin?: string | undefined;
  /** Whether its preprocessing is known; otherwise it must be found by trial. */
  readonly isSettled: boolean;
  /** The classifier with another preprocessing. */
  readonly withPreprocessing: (preprocessing: Preprocessing) => Promise<C>;
}

export interface ReadingRequest {
  readonly path: string;
  readonly name: string;
  /** The description from flags. */
  readonly given: ModelDescription & { readonly channels?: number };
  readonly imageShape: (() => Promise<KnownImageShape>) | undefined;
  /** Whether rounding is differentiated as the identity. */
  readonly straightThrough?: boolean | undefined;
}

const GRAPH = "its graph";

/** Whether nodes of the file itself normalise the pixels, rather than nodes that holdfast adds in front. */
export function isOfGraph({
  description: { mean, std, range = 1 },
  origin,
}: Reading<AnyClassifier>): boolean {
  const isPutBefore = mean !== undefined || std !== undefined || range !== 1;
  return !isPutBefore || origin?.startsWith(GRAPH) === true;
}

const PIXELS = ["mean", "std", "range", "channelOrder"] as const;

/** The part of a description that is about pixel values. */
function pixelsOf(description: ModelDescription): ModelDescription {
  return Object.fromEntries(
    PIXELS.flatMap((key) => (description[key] === undefined ? [] : [[key, description[key]]])),
  );
}

const saysPixels = (description: ModelDescription): boolean => Object.keys(pixelsOf(description)).length > 0;

function withoutPixels(description: ModelDescription): ModelDescription {
  const rest = Object.entries(description).filter(([key]) => !(PIXELS as readonly string[]).includes(key));
  return Object.fromEntries(rest);
}

/**
 * Reads the model at `path`. Flags come first; then `model.yaml`; then a normalisation at the start of the graph; then
 * Hugging Face's or timm's files. If none describes pixels, they stay in [0, 1] until a trial.
 */
export async function readModel(request: ReadingRequest, terminal: Terminal): Promise<Reading> {
  const { classifierFromFile } = await import("../models/index.js");
  return (await readBy(classifierFromFile, request, terminal)) as Reading;
}

/** As {@link readModel}, but a model with unsupported nodes runs as an unchanged file, with a warning. */
export async function readAnyModel(
  request: ReadingRequest,
  terminal: Terminal,
): Promise<Reading<AnyClassifier>> {
  return readBy(await readerOfAny(terminal, request.name), request, terminal);
}

async function readBy(
  read: Read,
  request: ReadingRequest,
  terminal: Terminal,
): Promise<Reading<AnyClassifier>> {
  const { path, name, given, imageShape } = request;
  const models = await import("../models/index.js");
  const { readModelFile } = await import("../onnx/index.js");
  const tell = (text: string): void => terminal.note(`${name}: ${text}`);
  const model = await readModelFile(path);
  const { channels, ...flags } = given;
  if (models.isOwnModel(model)) {
    const options = await optionsFor(path, given);
    const shape = imageShape === undefined ? {} : { imageShape };
    const classifier = await models.classifierFromFile(model, path, { ...options, ...shape, onNotice: tell });
    return { classifier, description: {}, isSettled: true, withPreprocessing: async () => classifier };
  }
  const written = await models.readDescription(path);
  const foreign = written === undefined ? await models.readForeignConfig(path, tell) : undefined;
  const layout = models.layoutOf(model);
  const known: ModelDescription = {
    ...(layout === undefined ? {} : { layout }),
    ...withoutPixels(foreign?.description ?? {}),
    ...withoutPixels(written ?? {}),
    ...withoutPixels(flags),
  };
  const plain: LoadOptions = {
    ...(await optionsFor(path, { ...known, ...(channels === undefined ? {} : { channels }) })),
    namesBeside: await models.readNamesBeside(path, tell),
    ...(request.straightThrough === true ? { straightThrough: true } : {}),
  };
  const asIs: AnyClassifier = await read(model, path, {
    ...plain,
    ...(imageShape === undefined ? {} : { imageShape }),
    onNotice: tell,
  });
  const withPreprocessing = async (preprocessing: Preprocessing): Promise<AnyClassifier> => {
    if (preprocessingFlags(preprocessing) === preprocessingFlags({})) return asIs;
    const size = [asIs.height, asIs.width] as const;
    const options = { ...plain, size, channels: asIs.channels, ...preprocessing };
    return read(model, path, options);
  };
  const whole = models.wholeInput(model);
  const found =
    whole === undefined || saysPixels(flags)
      ? await pixelsFrom({ path, flags, written, foreign, asIs })
      : { pixels: { range: models.WHOLE_RANGE }, origin: `its input, which takes ${whole}` };
  if (
    layout !== undefined &&
    known.layout === layout &&
    flags.layout === undefined &&
    written?.layout === undefined
  ) {
    tell(`its images have their channels last (--layout ${layout})`);
  }
  if (found === undefined) {
    return { classifier: asIs, description: known, isSettled: false, withPreprocessing };
  }
  const start = await startOf(asIs);
  if (start?.range !== undefined && (found.pixels.mean ?? found.pixels.std) !== undefined) {
    terminal.warn(
      `${name}: its graph already begins with ${normalisation(start)}; the mean and deviation from ${found.origin} are applied on top of it`,
    );
  }
  if (found.origin !== FLAGS) tell(`pixels: ${describePreprocessing(found.pixels)}, from ${found.origin}`);
  return {
    classifier: await saying(found.origin, () => withPreprocessing(found.pixels)),
    description: { ...known, ...found.pixels },
    origin: found.origin,
    isSettled: true,
    withPreprocessing,
  };
}

type Read = (model: Model, path: string, options: LoadOptions) => Promise<AnyClassifier>;

/** Reads a model or, if it has unsupported nodes, runs its file unchanged; warns once. */
async function readerOfAny(terminal: Terminal, name: string): Promise<Read> {
  const { anyFromFile } = await import("../models/index.js");
  const { neededFor } = await import("../graph/index.js");
  const { nodesNotRead } = await import("../evaluation/results.js");
  let isTold = false;
  return (model, path, options) =>
    anyFromFile(model, path, {
      ...options,
      onOpaque(nodes) {
        if (isTold) return;
        isTold = true;
        const said = nodesNotRead(nodes.map((node) => ({ ...node, needed: neededFor(node) })));
        terminal.warn(
          `${name}: no gradient: ${said}. ONNX Runtime runs the file unchanged, and only attacks that need no gradient are used: Square if no other is left`,
        );
      },
    });
}

/** The normalisation at the start of the graph, if there is one. */
async function startOf(classifier: AnyClassifier): Promise<GraphStart | undefined> {
  const { findGraphStart, isOpaque } = await import("../models/index.js");
  if (isOpaque(classifier)) return undefined;
  return findGraphStart(classifier.graph, classifier.image, classifier.channels);
}

/** Makes errors about a file's contents name the file. */
async function saying<T>(origin: string, make: () => Promise<T>): Promise<T> {
  const { InputError, UsageError } = await import("../errors/index.js");
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof UsageError) || origin === FLAGS) throw error;
    const { place, problem, remedy } = error;
    throw new InputError({
      place: `${place} of ${origin}`,
      problem,
      ...(remedy === undefined ? {} : { remedy }),
      cause: error,
    });
  }
}

const FLAGS = "the options";

interface Sources {
  readonly path: string;
  readonly flags: ModelDescription;
  readonly written: ModelDescription | undefined;
  readonly foreign: { readonly place: string; readonly description: ModelDescription } | undefined;
  readonly asIs: AnyClassifier;
}

/** The description of pixel values and its source. Flags amend a written description and replace guesses. */
async function pixelsFrom({
  path,
  flags,
  written,
  foreign,
  asIs,
}: Sources): Promise<{ pixels: ModelDescription; origin: string } | undefined> {
  const { descriptionPath } = await import("../models/index.js");
  if (written !== undefined && saysPixels(written)) {
    const origin = saysPixels(flags) ? FLAGS : basename(descriptionPath(path));
    return { pixels: { ...pixelsOf(written), ...pixelsOf(flags) }, origin };
  }
  if (saysPixels(flags)) return { pixels: pixelsOf(flags), origin: FLAGS };
  const start = await startOf(asIs);
  if (start?.range !== undefined) {
    return { pixels: { range: start.range }, origin: `${GRAPH}, which begins with ${normalisation(start)}` };
  }
  if (foreign !== undefined && saysPixels(foreign.description)) {
    return { pixels: pixelsOf(foreign.description), origin: basename(foreign.place) };
  }
  return undefined;
}

async function optionsFor(
  path: string,
  { size, channels, layout, output, labels, ...rest }: ModelDescription & { readonly channels?: number },
): Promise<LoadOptions> {
  const { labelsOfDescription } = await import("../models/index.js");
  const classNames = labels === undefined ? undefined : await labelsOfDescription(path, { labels });
  return {
    ...pixelsOf(rest),
    ...(size === undefined ? {} : { size }),
    ...(channels === undefined ? {} : { channels }),
    ...(layout === undefined ? {} : { layout }),
    ...(output === undefined ? {} : { output }),
    ...(classNames === undefined ? {} : { classNames }),
  };
}

function normalisation({ mean, deviation }: Pick<GraphStart, "mean" | "deviation">): string {
  return `(x − ${numbers(mean)}) / ${numbers(deviation)}`;
}

const short = (value: number): string => String(Number(value.toPrecision(4)));

/** A single number if all are the same. */
function numbers(values: readonly number[]): string {
  const shown = values.map(short);
  return new Set(shown).size === 1 ? shown[0]! : `[${shown.join(", ")}]`;
}

/** `255 · (x − [0.5, 0.4, 0.4]) / 0.5, blue first` for pixels x in [0, 1]. */
export function describePreprocessing({ mean, std, range = 1, channelOrder }: Preprocessing): string {
  const centred = mean === undefined ? "x" : `(x − ${numbers(mean)})`;
  const scaled = `${range === 1 ? "" : `${short(range)} · `}${centred}${std === undefined ? "" : ` / ${numbers(std)}`}`;
  const plain = scaled === "x" ? "x unchanged" : scaled;
  return `${plain}, for x in [0, 1]${channelOrder === "BGR" ? ", blue first" : ""}`;
}

/** Describes how pictures become a model's input, for a result: pixels, the source of that, and the crop. */
export function describeReading(description: ModelDescription, origin: string): string {
  const { crop = 1, fit = "crop", interpolation = "bilinear" } = description;
  const fitted = [
    ...(fit === "stretch"
      ? ["stretched to its size"]
      : crop < 1
        ? [`cropped to the centre, ${crop} of the scaled side`]
        : []),
    ...(interpolation === "bicubic" ? ["scaled bicubically"] : []),
  ];
  return [`${describePreprocessing(description)}, from ${origin}`, ...fitted].join("; ");
}

/** The flags that give the same preprocessing. */
export function preprocessingFlags({ mean, std, range = 1, channelOrder }: Preprocessing): string {
  const list = (values: readonly number[]): string =>
    values.map((value) => Number(value.toPrecision(6))).join(",");
  return [
    ...(mean === undefined ? [] : [`--mean ${list(mean)}`]),
    ...(std === undefined ? [] : [`--std ${list(std)}`]),
    ...(range === 1 && mean !== undefined ? [] : [`--pixel-range ${short(range)}`]),
    ...(channelOrder === "BGR" ? ["--channel-order bgr"] : []),
  ].join(" ");
}
