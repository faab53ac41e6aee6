/**
 * Every number by which the lowering chooses between forms, each with the benchmark that found it. What a graph comes to
 * is the same with others: tests force forms by them, benchmarks time them.
 */
export const COSTS = {
  /**
   * Most channels of a picture: so few that products with them are all overhead. Its gradient is a convolution for every
   * place between strides, its layer's weight gradient one whose kernel is the cotangent (`bench/pictures.mjs`).
   */
  pictureChannels: 4,
  /**
   * Output positions of an image up to which a convolution with a fed weight is one product over the whole batch. ONNX
   * Runtime multiplies image by image and so reads the whole weight for each: at 2 × 2 positions it is bound by memory
   * (`bench/small-maps.mjs`).
   */
  fewPositions: 16,
  /** The same of a weight that is fed but steady, which the blocked layout otherwise takes (`bench/small-maps.mjs`). */
  steadyPositions: 8,
  /**
   * Numbers of a weight gradient, for each number of its layer's maps, above which it is one product over the whole batch:
   * that transposes the maps, where one for each image sums as many weights (`bench/weight-gradient.mjs`).
   */
  weightsAMap: 1,
  /**
   * Columns, positions of all images, for each output channel above which a fed weight's channels are swapped for the product that
   * gives its layer's input gradient; below, the products of each position are added up instead (`bench/small-maps.mjs`).
   */
  columnsAChannel: 1,
  /**
   * Gradients of a graph by the inputs of convolutions from which its maps stay in ONNX Runtime's blocked layout from one
   * convolution to the next, in attacks and updates; Infinity leaves them where they are (`bench/layout.mjs`).
   */
  blockedGradients: 1,
  /**
   * Share of the numbers that lead to a convolution, made outside of the layout, up to which the others are in blocks. In attacks on
   * networks of convolutions it is at most 21 % (MobileNetV3), in updates 1 % for a ResNet-50 at 224² and 72 % for a ResNet-18 at 32², whose
   * small maps are products outside of the layout; 94 and 89 % for a ConvNeXt. What is mostly of other operators is left to ONNX
   * Runtime's optimisers (`bench/layout.mjs`).
   */
  plainShare: 3 / 4,
  /** Elements from which a scalar is given the rank of what it meets (`bench/scalars.mjs`). */
  manyElements: 1024,
};

export type Costs = Readonly<typeof COSTS>;
