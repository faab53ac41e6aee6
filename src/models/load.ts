import { InputError, suggestName, UsageError } from "../errors/index.js";
import { deadCode, graphFromModel, halvesAsFloats, producers, type Dim, type Graph } from "../graph/index.js";
import { readModelFile, type Model } from "../onnx/index.js";
import { checkUnits } from "./check-units.js";
import type { Classifier, Tap } from "./classifier.js";
import { imageShapeOf, inputPreprocessing, withFloatInputs } from "./image-input.js";
import type { NamesBeside } from "./description/index.js";
import { findLogits } from "./find-logits.js";
import { classNamesOf, namesOf } from "./class-names.js";
import { guessTaps, tapAt } from "./guess-taps.js";
import { METADATA, readMetadata, type ClassifierMetadata } from "./model-metadata.js";
import { checkSize, dimsOf, withImageShape, type KnownImageShape } from "./open-shape.js";
import { isIdentity, withPreprocessing, type Preprocessing } from "./preprocess.js";
import { findTrainable } from "./trainable.js";
import { straightThroughNodes, withStraightThrough } from "./straight-through.js";
import { untie } from "./untie.js";
import { withBatch } from "./no-batch.js";
import { withOneOutput } from "./one-output.js";

/** What a file from another tool does not say itself. A file that holdfast wrote needs none of these. */
export interface LoadOptions extends Preprocessing {
  readonly classNames?: readonly string[];
  /** Lists of names found beside the file. If nothing else names the classes, the first with one name per logit is used. */
  readonly namesBeside?: readonly NamesBeside[];
  /** Height and width, if the model leaves them open. */
  readonly size?: readonly [height: number, width: number];
  /** Channels, if the model leaves them open. */
  readonly channels?: number;
  /** Called for the shape of the images if the model leaves it open and no option gives it. */
  readonly imageShape?: () => Promise<KnownImageShape>;
  /** Which output gives the logits, if there are several. */
  readonly output?: string;
  /** Values to use as attention taps, in order; guessed by default. */
  readonly taps?: readonly string[];
  /** Passes gradients straight through Round, Floor, Ceil and Sign. Quantised models are always differentiated this way. */
  readonly straightThrough?: boolean;
  /** Receives one sentence for each thing noticed about the model, and what was done about it. */
  readonly onNotice?: (notice: string) => void;
}

/**
 * Reads a classifier from an ONNX file: one that {@link saveClassifier} wrote, or any other
 * with one image input `[N, C, H, W]` and one output `[N, K]`. Preprocessing becomes part of
 * the graph, so the classifier takes pixels in [0, 1]. A softmax at the end is removed.
 *
 * @throws InputError that says why the file is not a classifier, and which option or export helps.
 * @example
 * ```ts
 * import { loadClassifier } from "holdfast";
 *
 * const classifier = await loadClassifier("my-model.onnx", {
 *   mean: [0.485, 0.456, 0.406],
 *   std: [0.229, 0.224, 0.225],
 *   size: [224, 224],
 *   onNotice: console.error,
 * });
 * console.log(classifier.classNames.length, classifier.height, classifier.width);
 * ```
 */
export async function loadClassifier(path: string, options: LoadOptions = {}): Promise<Classifier> {
  return classifierFromFile(await readModelFile(path), path, options);
}

/** {@link loadClassifier} for a file that has already been read. */
export async function classifierFromFile(
  model: Model,
  path: string,
  options: LoadOptions = {},
): Promise<Classifier> {
  return classifierFromModel(model, path, await withImageShape(model, path, options));
}

/** Whether holdfast saved the model, with its preprocessing in the graph. */
export function isOwnModel({ metadata }: Model): boolean {
  return metadata.has(METADATA.format);
}

/**
 * "NHWC" if only the last axis of the model's input can be channels, or if the channels are open and the graph begins by
 * moving the last axis to the front; undefined if unknown.
 */
export function layoutOf({ graph }: Model): "NHWC" | undefined {
  const { name, shape = [] } = graph.inputs.find((input) => input.shape?.length === 4) ?? {};
  const [, second, , last] = shape;
  const isColour = (dim: Dim | undefined): boolean => dim === 1 || dim === 3 || dim === 4;
  if (typeof second === "string" && typeof last === "string") {
    const readers = graph.nodes.filter(({ inputs }) => name !== undefined && inputs.includes(name));
    const perm = readers.length === 1 ? readers[0]!.attributes.get("perm") : undefined;
    return perm?.kind === "ints" && perm.value.join() === "0,3,1,2" ? "NHWC" : undefined;
  }
  return isColour(last) && typeof second === "number" && !isColour(second) ? "NHWC" : undefined;
}

/** {@link loadClassifier} for a model that has already been read; `place` names it in errors. */
export function classifierFromModel(model: Model, place: string, options: LoadOptions = {}): Classifier {
  const own = readMetadata(model.metadata, place);
  if (own !== undefined && !isIdentity(options)) {
    throw new UsageError({
      place,
      problem: "was saved by holdfast, with its preprocessing in the graph",
      remedy: "Omit mean, std, range and layout.",
    });
  }
  const whole = imported(model, place, options, own);
  const old = imageInput(whole, place, own);
  checkUnits(options);
  const shape = imageShapeOf(whole, old, place, options);
  const [channels, height, width] = shape;
  checkChannels(channels, options);
  const found = findLogits(whole, place, options.onNotice);
  const preprocessing = inputPreprocessing(model, place, options);
  const rank = whole.values.get(old)!.shape.length;
  if (rank !== 4) {
    const order = options.layout === "NHWC" ? "height × width × channels" : "channels × height × width";
    options.onNotice?.(
      `${place}: its images are flattened; they are read as ${channels} × ${height} × ${width}, in the order ${order} (--size, --layout)`,
    );
  }
  const { graph, image } =
    rank === 4 && isIdentity(preprocessing)
      ? { graph: found.graph, image: old }
      : withPreprocessing(found.graph, old, shape, preprocessing);
  const classes = graph.values.get(found.logits)!.shape[1] as number;
  return Object.freeze({
    name: own?.architecture ?? model.graph.name,
    graph,
    image,
    logits: found.logits,
    channels,
    height,
    width,
    ...(own === undefined
      ? classNamesOf(model, classes, place, options)
      : namesOf(classes, place, own.classNames, options)),
    ...trainable(graph, image, place, own),
    taps: tapsOf(graph, image, place, own, options.taps),
    ...(own?.randomInputs === undefined ? {} : { randomInputs: own.randomInputs }),
  });
}

function imported(
  model: Model,
  place: string,
  options: LoadOptions,
  own: ClassifierMetadata | undefined,
): Graph<Dim> {
  const { onNotice = () => {} } = options;
  const one = withBatch(withOneOutput(model, place, options), place, onNotice);
  const chosen = withFloatInputs(one, place, onNotice);
  const wide = halvesAsFloats(chosen);
  if (wide !== chosen) onNotice(`${place}: its float16 tensors are computed in float32`);
  const read = (batch: Dim): Graph<Dim> => {
    const dims = dimsOf(wide.graph.inputs, batch, options);
    try {
      return graphFromModel(wide, { place, dims });
    } catch (error) {
      // An open size would be the reason.
      checkSize(wide.graph.inputs, dims, place);
      throw error;
    }
  };
  const exact = deadCode(untie(readOpen(wide, place, read, onNotice)), { dropInputs: true });
  const saved = new Set(own?.straightThrough);
  const graph = withStraightThrough(exact, ({ name }) => options.straightThrough === true || saved.has(name));
  const rounded = straightThroughNodes(graph).length;
  if (rounded > 0) {
    onNotice(
      `${place}: it rounds in ${rounded} ${rounded === 1 ? "place" : "places"}; gradients pass straight ` +
        "through, so a gradient attack may miss what rounding hides",
    );
  }
  return graph;
}

/** Batch sizes to try in order for a model whose shape arithmetic only works with a fixed batch. */
const BATCHES_IN_SHAPES = [8, 1] as const;

/** The graph with an open batch, or otherwise a fixed one: models use the batch in all kinds of shape arithmetic. */
function readOpen(
  model: Model,
  place: string,
  read: (batch: Dim) => Graph<Dim>,
  onNotice: (notice: string) => void,
): Graph<Dim> {
  try {
    return read("N");
  } catch (error) {
    const isOpen = model.graph.inputs.some(({ shape }) => typeof shape?.[0] === "string");
    if (!(error instanceof InputError) || !isOpen) throw error;
    let last: Error = error;
    for (const batch of BATCHES_IN_SHAPES) {
      try {
        const graph = read(batch);
        const rows = graph.values.get(graph.outputs[0]!)!.shape[0];
        // Once images are mixed, they are no longer a batch.
        if (rows !== batch) continue;
        onNotice(`${place}: it computes with the batch size; batches of ${batch} are used`);
        return graph;
      } catch (bound) {
        last = bound as Error;
      }
    }
    throw last;
  }
}

function imageInput(graph: Graph<Dim>, place: string, own: ClassifierMetadata | undefined): string {
  const drawn = new Set(own?.randomInputs?.map(({ name }) => name));
  const inputs = graph.inputs.filter((name) => !drawn.has(name));
  if (inputs.length === 1 && graph.inputs.length === inputs.length + drawn.size) return inputs[0]!;
  throw new InputError({
    place,
    problem:
      graph.inputs.length === 0
        ? "has no input that its output depends on"
        : `has ${graph.inputs.length} inputs that its output depends on: ${graph.inputs.map((name) => `${name} [${graph.values.get(name)!.shape.join(", ")}]`).join(", ")}`,
    remedy: "Export it with the image as its only input, or choose another output.",
  });
}

/** @throws UsageError if the preprocessing does not fit the number of channels. */
export function checkChannels(channels: number, { mean, std, channelOrder }: LoadOptions): void {
  if (channelOrder === "BGR" && channels !== 3) {
    throw new UsageError({
      place: "channelOrder",
      problem: `is BGR, but the images have ${channels} channels`,
    });
  }
  for (const [option, values] of Object.entries({ mean, std })) {
    if (values === undefined || values.length === channels) continue;
    throw new UsageError({
      place: option,
      problem: `must be ${channels === 1 ? "one number" : `${channels} numbers, one per channel`}, found [${values.join(", ")}]`,
      ...(values.length === 1
        ? {
            remedy: `For the same value in every channel, give ${Array.from({ length: channels }, () => values[0]).join(",")}.`,
          }
        : {}),
    });
  }
}

function trainable(
  graph: Graph<Dim>,
  image: string,
  place: string,
  own: ClassifierMetadata | undefined,
): Pick<Classifier, "parameters" | "buffers"> {
  if (own === undefined) return findTrainable(graph, image);
  const missing = [...own.parameters, ...own.buffers].filter((name) => !graph.initializers.has(name));
  if (missing.length === 0) return { parameters: own.parameters, buffers: own.buffers };
  throw new InputError({
    place,
    problem: `lacks weights named in its metadata: ${missing.slice(0, 5).join(", ")}`,
    remedy: "Save the classifier again.",
  });
}

function tapsOf(
  graph: Graph<Dim>,
  image: string,
  place: string,
  own: ClassifierMetadata | undefined,
  names: readonly string[] | undefined,
): readonly Tap[] {
  const made = producers(graph);
  const given: readonly (Tap | undefined)[] | undefined =
    names?.map((value, group) => {
      const tap = made.has(value) ? tapAt(graph, image, value) : undefined;
      return tap && { name: `group-${group}`, ...tap };
    }) ?? own?.taps;
  if (given === undefined) return guessTaps(graph, image);
  return given.map((tap, i) => {
    const value = tap?.value ?? names![i]!;
    const rank = tap?.tokens === undefined ? 4 : 3;
    if (tap !== undefined && made.has(value) && graph.values.get(value)!.shape.length === rank) return tap;
    const possible = [...made.keys()].filter((name) => graph.values.get(name)!.shape.length === 4);
    throw new InputError({
      place: `${place}: tap "${value}"`,
      problem: made.has(value)
        ? "is neither [N, C, h, w] nor [N, T, C] with T tokens on a grid"
        : "is not a value of the graph",
      remedy: suggestName(value, possible.slice(0, 100)),
    });
  });
}
