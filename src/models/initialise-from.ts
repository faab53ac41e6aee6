import { readModelFile } from "../onnx/index.js";
import { isFloat, sameShape, type Tensor } from "../tensor/index.js";
import type { Classifier } from "./classifier.js";
import { NORMALISED } from "./layers.js";
import { loadWeights, readWeightsFile } from "./load-weights.js";
import { METADATA } from "./model-metadata.js";
import { addedByDefence, headOf } from "./trunk.js";

/** A classifier with the weights of a file, and what became of them. */
export interface Initialised {
  readonly classifier: Classifier;
  /** Whether the last layer is the classifier's own, drawn at random: its classes are others than the file's. */
  readonly newHead: boolean;
  /** Parameters and statistics that the file gave. */
  readonly copied: number;
}

const isExport = (path: string): boolean => /\.onnx$/i.test(path);

/** Exporters fold BatchNorm into the convolutions and rename the rest unless told not to. */
const EXPORT =
  "Choose the architecture that it was exported from, and export it with its own names: " +
  "torch.onnx.export(…, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False).";

/**
 * Begins with published weights: a `.safetensors` file with torchvision's names (timm's are the same for
 * ResNets; a prefix on every name is taken off), or an ONNX export that kept them. The last layer is
 * the classifier's own where the file's has another shape; so are the layers that a defence adds.
 *
 * @throws InputError that lists every tensor that is missing, unexpected, of another shape or type; and for
 *   a pickle, with the line that converts it.
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
 * Whether the weights of a file expect pixels normalised as ImageNet's: published ones do; a model of ours says by
 * its graph whether it was trained on normalised pixels.
 */
export async function expectsNormalised(path: string): Promise<boolean> {
  if (!isExport(path)) return true;
  const { graph, metadata } = await readModelFile(path);
  if (!metadata.has(METADATA.format)) return true;
  return graph.nodes.some(({ outputs }) => outputs.includes(NORMALISED));
}

/** Weights of an exported model; its shape arithmetic is left out. */
async function readInitializers(path: string): Promise<ReadonlyMap<string, Tensor>> {
  const { graph } = await readModelFile(path);
  return new Map(
    [...graph.initializers].filter(([, { dtype, shape }]) => isFloat(dtype) && shape.length > 0),
  );
}
