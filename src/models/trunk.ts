import type { Classifier } from "./classifier.js";
import { findHead } from "./find-head.js";

/** Blocks that a defence adds; published weights do not contain them. */
const ADDED = /^denoising\d+\./;

/** Mean and deviation of ImageNet's pixels in [0, 1], which torchvision's and timm's ResNet weights expect. */
export const IMAGENET_NORMALIZATION: { readonly mean: readonly number[]; readonly std: readonly number[] } = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** The parameters of the last layer: its weight and its bias; none if {@link findHead} finds no such layer. */
export function headOf(classifier: Classifier): ReadonlySet<string> {
  const head = findHead(classifier);
  return new Set(head === undefined ? [] : [head.weight.name, ...(head.bias ? [head.bias.name] : [])]);
}

/** Parameters and running statistics of the layers that a defence adds. */
export function addedByDefence({ parameters, buffers }: Classifier): ReadonlySet<string> {
  return new Set([...parameters, ...buffers].filter((name) => ADDED.test(name)));
}

/** All other parameters and running statistics, which published weights initialise. */
export function trunkOf(classifier: Classifier): ReadonlySet<string> {
  const [head, added] = [headOf(classifier), addedByDefence(classifier)];
  const all = [...classifier.parameters, ...classifier.buffers];
  return new Set(all.filter((name) => !head.has(name) && !added.has(name)));
}
