import { InputError } from "../../errors/index.js";
import { isFloat, sizeOf, type RandomGenerator, type Tensor } from "../../tensor/index.js";
import type { Model } from "../../onnx/index.js";
import type { Classifier } from "../classifier.js";
import { METADATA } from "../model-metadata.js";
import { classifierFromModel, type LoadOptions } from "../load.js";
import { openImages } from "./open-images.js";
import { plainWeights } from "./plain-weights.js";
import { withNewHead } from "./new-head.js";

/** Options for a foreign model that is trained; plain data. */
export type ImportedOptions = Omit<LoadOptions, "onNotice" | "imageShape" | "classNames">;

/** A foreign model in two forms: as in its file, to be written back, and as a trainable classifier. */
export interface Imported {
  readonly place: string;
  readonly options: ImportedOptions;
  /** With every weight an initializer: {@link plainWeights}. Inputs, outputs and types are those of the file. */
  readonly source: Model;
  /** Its parameters and buffers are initializers of `source` with the same names. */
  readonly classifier: Classifier;
}

/**
 * A foreign model as a trainable classifier: for batches of any size, and for images of `options.size` if its layers
 * allow it.
 *
 * @throws InputError, UsageError if it is not a classifier, or has no trainable weights.
 */
export function readImported(
  model: Model,
  place: string,
  options: ImportedOptions,
  onNotice: (notice: string) => void = () => {},
): Imported {
  const { model: source, dequantised } = plainWeights(model);
  if (dequantised > 0) {
    onNotice(`${place}: its ${dequantised} quantised weights are trained and exported as floats`);
  }
  const imported = { place, options, source, classifier: asClassifier(source, place, options, onNotice) };
  tellTrained(imported, onNotice);
  return imported;
}

/** The same network with a last layer for other classes, drawn at random. */
export function withHeadFor(
  { place, options, source, classifier }: Imported,
  classNames: readonly string[],
  random: RandomGenerator,
): Imported {
  const replaced = withNewHead(source, classifier, { place, classes: classNames.length, random });
  // The old class names do not apply to the new classes.
  const { metadata } = replaced;
  const own = metadata.has(METADATA.format)
    ? new Map([...metadata, [METADATA.classNames, JSON.stringify(classNames)] as const])
    : metadata;
  const named = { ...replaced, metadata: own };
  const read = asClassifier(named, place, options);
  return { place, options, source: named, classifier: { ...read, classNames, unnamed: undefined } };
}

function asClassifier(
  source: Model,
  place: string,
  options: ImportedOptions,
  onNotice: (notice: string) => void = () => {},
): Classifier {
  const own = source.metadata.has(METADATA.format);
  const opened = own ? source : openImages(source, options.layout, options.size);
  const classifier = read(opened, source, place, { ...options, onNotice });
  const isSource = (name: string): boolean => source.graph.initializers.has(name);
  const parameters = classifier.parameters.filter(isSource);
  if (parameters.length === 0) {
    throw new InputError({
      place,
      problem: "has no trainable weights: none of its layers has a constant float weight",
      remedy: "Name the float model it was made from.",
    });
  }
  return { ...classifier, parameters, buffers: classifier.buffers.filter(isSource) };
}

/** Reads the opened model. If it fails only because it was opened, the error says so. */
function read(opened: Model, source: Model, place: string, options: LoadOptions): Classifier {
  try {
    const classifier = classifierFromModel(opened, place, options);
    const batch = classifier.graph.values.get(classifier.logits)!.shape[0];
    if (typeof batch === "string") return classifier;
  } catch (error) {
    if (!(error instanceof InputError) || opened === source) throw error;
    const shape = source.graph.inputs.find((input) => input.shape?.length === 4)?.shape;
    const isOpen = shape?.every((dim) => typeof dim === "string");
    if (shape === undefined || isOpen === true) throw error;
    // In its own shape it may be readable, or have another fault, which is then the one to report.
    classifierFromModel(source, place, { ...options, onNotice: () => {} });
    throw new InputError({
      place,
      problem: `cannot be read for images other than its own [${shape.map((dim) => dim || "?").join(", ")}]: ${error.problem}`,
      remedy: "Omit --size, or export the model with open dimensions for the batch, height and width.",
    });
  }
  throw new InputError({
    place,
    problem: "computes with its batch size, which changes between training steps",
    remedy:
      "Export the model with a dynamic batch dimension (dynamic_shapes, or dynamic_axes in older versions).",
  });
}

/** Most names to list. */
const SHOWN = 5;

function tellTrained({ place, source, classifier }: Imported, onNotice: (notice: string) => void): void {
  const { parameters, buffers, graph } = classifier;
  const sizes = parameters.map((name) => sizeOf(graph.values.get(name)!.shape as readonly number[]));
  const used = new Set([...parameters, ...buffers]);
  const read = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  const isKept = ([name, data]: readonly [string, Tensor]): boolean =>
    isFloat(data.dtype) && data.data.length > 1 && read.has(name) && !used.has(name);
  const kept = [...source.graph.initializers].filter(isKept).map(([name]) => name);
  const shown =
    kept.slice(0, SHOWN).join(", ") + (kept.length > SHOWN ? `, and ${kept.length - SHOWN} more` : "");
  const numbers = sizes.reduce((sum, size) => sum + size, 0);
  onNotice(
    `${place}: ${parameters.length} weights of ${numbers.toLocaleString("en")} numbers are trained` +
      (kept.length === 0 ? "" : `; other constants are not: ${shown}`),
  );
}
