export { arrayConstructor, bytesPerElement, isFloat, type DataOf, type DType } from "./dtype.js";
export {
  bfloatToNumber,
  float32,
  halfToNumber,
  int64,
  nearestSafeInteger,
  sameShape,
  sizeOf,
  stridesOf,
  tensor,
  toNumbers,
  zeroPadded,
  type Tensor,
} from "./tensor.js";
export { createGenerator, type RandomGenerator, type RandomStream } from "./random.js";
export { l1Distance, l2Distance, linfDistance } from "./norms.js";
export { decodeNpy, encodeNpy } from "./npy.js";
export { encodeNpz } from "./npz.js";
