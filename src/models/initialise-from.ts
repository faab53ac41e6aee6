import { readModelFile } from "../onnx/index.js";
import { isFloat, sameShape, type Tensor } from "../tensor/index.js";
import type { Classifier } from "./classifier.js";
import { NORMALISED } from "./layers.js";
import { loadWeights, readWeightsFile } from "./load-weights.js";
import { METADATA } from "./model-metadata.js";
import { addedByDefence, headOf } from "./trunk.js";

/** A classifier with the weights of a file, and how they were used. */
export interface Initialised {
  readonly classifier: Classifier;
  /** Whether the last layer is the classifier's own random one, because its classes differ from the file's. */
  readonly newHead: boolean;
  /** Number of parameters and statistics from the file. */
  readonly copied: number;
}

const isExport = (path: string): boolean => /\.onnx$/i.test(path);

/** By default, exporters fold BatchNorm into the convolutions and rename the rest. */
const EXPORT =
  "Choose the architecture that it was exported from, and export it with its own names: " +
  "torch.onnx.export(…, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False).";

/**
 * Initialises with published weights: a `.safetensors` file with torchvision's names (timm's are the same for
 * ResNets; a common prefix is removed), or an ONNX export that kept them. The classifier keeps its own last
 * layer if the file's has another shape, and the layers that a defence adds.
 *
 * @throws InputError listing every tensor that is missing, unexpected, or of another shape or type; also for a
 *   pickle, with the command that converts it.
 */
export async function initialiseFrom(classifier: Classifier, path: string): Promise<Initialised> {
  const exported = isExport(path);
  const tensors = exported ? await readInitializers(path) : await readWeightsFile(path);
  const head = headOf(classifier);
  const own = addedByDefence(classifier);
  const fits = (name: string): boolean => {
    const given = [...tensors].find(([key]) => key === name || key.endsWith(`.${name}`))?.[1];
    return given !== undefined && sameShape(given.shape, classifier.graph.initializers.get(name)!.shape);
  };
  const newHead = ![...head].every(fits);
  const total = classifier.parameters.length + classifier.buffers.length;
  return {
    classifier: loadWeights(classifier, tensors, {
      place: path,
      keepHead: newHead,
      keep: own,
      ...(exported ? { ignoreUnexpected: true, remedy: EXPORT } : {}),
    }),
    newHead,
    copied: total - own.size - (newHead ? head.size : 0),
  };
}

/**
 * Whether the weights of a file expect pixels normalised like ImageNet's. Published ones do; for holdfast's own models
 * the graph shows whether they were trained on normalised pixels.
 */
export async function expectsNormalised(path: string): Promise<boolean> {
  if (!isExport(path)) return true;
  const { graph, metadata } = await readModelFile(path);
  if (!metadata.has(METADATA.format)) return true;
  return graph.nodes.some(({ outputs }) => outputs.includes(NORMALISED));
}

/** Weights of an exported model, without its shape arithmetic. */
async function readInitializers(path: string): Promise<ReadonlyMap<string, Tensor>> {
  const { graph } = await readModelFile(path);
  return new Map(
    [...graph.initializers].filter(([, { dtype, shape }]) => isFloat(dtype) && shape.length > 0),
  );
}
