export { atOnce } from "./at-once.js";
export { checkAugmentation, createAugmenter, type Augmentation, type Augmenter } from "./augment.js";
export { boxesOutside, paintBoxes, type Box, type Boxes, type Size } from "./boxes.js";
export { pixelBytes } from "./bytes.js";
export { createCache, DEFAULT_CACHE_BYTES } from "./cache.js";
export { decodeBytes, decodeImage, formatOf, pictureSize, type ImageFormat } from "./decode.js";
export { fitRegion, nearest } from "./fit-region.js";
export { toPlanes, type Fit } from "./fit.js";
export { isHidden, READ_PICTURE, UNREAD_PICTURE } from "./picture-names.js";
export { resize, type ByteImage } from "./resize.js";
export {
  decodePicture,
  encodedBytes,
  fittedPixels,
  readPixels,
  sharedPixels,
  toUnit,
  type EncodedSource,
  type FileSource,
  type ImageSource,
  type PictureSource,
} from "./source.js";
