/**
 * Every number by which the lowering chooses between forms, each with the benchmark that found it. What a graph comes to
 * is the same with others: tests force forms by them, benchmarks time them.
 */
export interface Costs {
  /**
   * Most channels of a picture: so few that products with them are all overhead. Its gradient is a convolution for every
   * place between strides, its layer's weight gradient one whose kernel is the cotangent (`bench/pictures.mjs`).
   */
  readonly pictureChannels: number;
  /**
   * Output positions of an image up to which a convolution with a fed weight is one product over the whole batch. ONNX
   * Runtime multiplies image by image and so reads the whole weight for each: at 2 × 2 positions it is bound by memory
   * (`bench/small-maps.mjs`).
   */
  readonly fewPositions: number;
  /**
   * Output positions up to which a weight that changes every few runs is fed rather than constant: from 4 × 4 on ONNX
   * Runtime's layout for constant weights is faster than a product (`bench/small-maps.mjs`, `bench/steps.mjs`).
   */
  readonly fedPositions: number;
  /**
   * Numbers of a weight gradient, for each number of its layer's maps, from which it is one product over the whole batch:
   * that transposes the maps, where one for each image sums as many weights (`bench/weight-gradient.mjs`).
   */
  readonly weightsAMap: number;
  /**
   * Multiply-adds for each copied number from which a fed convolution is faster in the blocked layout: a 1 × 1 one is as
   * fast outside of it, before larger kernels ONNX Runtime gathers their columns there, and a rotated filter would be
   * copied there as well (`bench/blocked-convolutions.mjs`).
   */
  readonly productsACopy: { readonly onePixel: number; readonly larger: number; readonly rotated: number };
  /** Elements from which a scalar is given the rank of what it meets (`bench/scalars.mjs`). */
  readonly manyElements: number;
}

export const COSTS: Costs = {
  pictureChannels: 4,
  fewPositions: 16,
  fedPositions: 8,
  weightsAMap: 1,
  productsACopy: { onePixel: 120, larger: 40, rotated: 0 },
  manyElements: 1024,
};
