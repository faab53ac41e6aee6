import { producers } from "../graph/index.js";
import type { Classifier } from "./classifier.js";

/** Blocks that a defence adds; no published weights know them. */
const ADDED = /^denoising\d+\./;

/** Mean and deviation of ImageNet's pixels in [0, 1], which torchvision's and timm's ResNet weights expect. */
export const IMAGENET_NORMALIZATION: { readonly mean: readonly number[]; readonly std: readonly number[] } = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** The parameters of the node that gives the logits. */
export function headOf(classifier: Classifier): ReadonlySet<string> {
  const last = producers(classifier.graph).get(classifier.logits);
  return new Set(last?.inputs.filter((name) => classifier.parameters.includes(name)));
}

/** Parameters and running statistics of what a defence adds to the network. */
export function addedByDefence({ parameters, buffers }: Classifier): ReadonlySet<string> {
  return new Set([...parameters, ...buffers].filter((name) => ADDED.test(name)));
}

/** Parameters and running statistics of everything else: what published weights initialise. */
export function trunkOf(classifier: Classifier): ReadonlySet<string> {
  const [head, added] = [headOf(classifier), addedByDefence(classifier)];
  const all = [...classifier.parameters, ...classifier.buffers];
  return new Set(all.filter((name) => !head.has(name) && !added.has(name)));
}
