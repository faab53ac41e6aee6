import { suggestName, UsageError } from "../errors/index.js";
import type { Classifier } from "./classifier.js";
import { buildResNet, type ClassifierOptions, type ResNetSpec } from "./resnet.js";

const imageNetStem = { channels: 64, kernel: 7, stride: 2, maxPool: true } as const;
const widths = [64, 128, 256, 512];
const narrow = [24, 48, 96, 192];

/** Every architecture by name. */
export const ARCHITECTURES: Readonly<Record<string, ResNetSpec>> = Object.freeze({
  /** For images of 28² to 64²: a few seconds per epoch of MNIST on two cores. */
  "resnet-mini": {
    block: "basic",
    blocks: [1, 1, 1],
    widths: [16, 32, 64],
    stem: { channels: 16, kernel: 5, stride: 2, maxPool: false },
  },
  /** Eight basic blocks for images of 64² to 96²: a twelfth of ResNet-18's arithmetic, for photographs. */
  "resnet18-narrow": {
    block: "basic",
    blocks: [2, 2, 2, 2],
    widths: narrow,
    stem: { channels: 24, kernel: 5, stride: 2, maxPool: false },
  },
  /** The same with sixteen blocks: a deeper relative, as a source of transfer attacks. */
  "resnet34-narrow": {
    block: "basic",
    blocks: [3, 4, 6, 3],
    widths: narrow,
    stem: { channels: 24, kernel: 5, stride: 2, maxPool: false },
  },
  resnet18: { block: "basic", blocks: [2, 2, 2, 2], widths, stem: imageNetStem },
  resnet34: { block: "basic", blocks: [3, 4, 6, 3], widths, stem: imageNetStem },
  resnet50: { block: "bottleneck", blocks: [3, 4, 6, 3], widths, stem: imageNetStem },
  resnet101: { block: "bottleneck", blocks: [3, 4, 23, 3], widths, stem: imageNetStem },
  resnet152: { block: "bottleneck", blocks: [3, 8, 36, 3], widths, stem: imageNetStem },
});

/**
 * @throws UsageError that suggests the nearest name.
 * @example
 * ```ts
 * import { createClassifier, createGenerator, saveClassifier } from "holdfast";
 *
 * const classifier = createClassifier("resnet18", {
 *   channels: 3,
 *   height: 224,
 *   width: 224,
 *   classNames: ["cat", "dog"],
 *   random: createGenerator(0),
 * });
 * await saveClassifier(classifier, "untrained.onnx");
 * ```
 */
export function createClassifier(architecture: string, options: ClassifierOptions): Classifier {
  const name = architecture.replace(/^resnet-(?=\d)/, "resnet");
  const spec = Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name] : undefined;
  if (spec === undefined) {
    throw new UsageError({
      place: `model "${architecture}"`,
      problem: "is not a known architecture",
      remedy: suggestName(architecture, Object.keys(ARCHITECTURES)),
    });
  }
  return buildResNet(name, spec, options);
}
