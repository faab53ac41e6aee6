/**
 * From `holdfast`: labelled images, read from files or created in code.
 *
 * @example
 * ```ts
 * import { createGenerator, openDataset, takeSample } from "holdfast";
 *
 * const photos = await openDataset("photos:test", { size: { height: 224, width: 224 } });
 * const sample = takeSample(photos, 1000, createGenerator(0));
 * console.log(sample.length, sample.classNames);
 * ```
 * @module Data
 */
export {
  checkData,
  corrupt,
  CORRUPTIONS,
  createLoader,
  frostTextures,
  mapOntoModel,
  openDataset,
  readClassMap,
  readFrost,
  scaleFor,
  SEVERITIES,
  splitOff,
  subset,
  takeSample,
} from "../data/index.js";
export type {
  Augmentation,
  Batch,
  ByteImage,
  CheckOptions,
  CheckSummary,
  ClassCount,
  ClassMap,
  ClassPair,
  Corruption,
  CorruptionScale,
  CorruptOptions,
  DataCheck,
  Dataset,
  DatasetRegions,
  Duplicates,
  Fit,
  Interpolation,
  Loader,
  LoaderOptions,
  MappedData,
  MaskSource,
  ModelClasses,
  OpenOptions,
  Parts,
  RegionCount,
  Severity,
  SkippedFile,
  SplitSize,
  Suspicion,
} from "../data/index.js";
export { createGenerator } from "../tensor/index.js";
export type { RandomGenerator, RandomStream } from "../tensor/index.js";
