import { sizeOf, tensor, type Tensor } from "../../../tensor/index.js";

/** A filter as it is read out of a weight: `[out, in, …kernel]`, whatever the weight's own order is. */
export interface Filter {
  readonly data: Float32Array;
  /** Place of each output channel in the weight. */
  readonly out: readonly number[];
  /** Input channels of an output, and how far apart they are. */
  readonly in: number;
  readonly inStride: number;
  /** Place of each kernel tap in the weight; undefined for a tap of zeros. */
  readonly taps: readonly (number | undefined)[];
  readonly kernel: readonly number[];
}

/** W `[O, I / group, …kernel]` as it is. */
export function filterOf({ data, shape }: Tensor<"float32">): Filter {
  const [out, inChannels, ...kernel] = shape as [number, number, ...number[]];
  const size = sizeOf(kernel);
  return {
    data,
    out: Array.from({ length: out }, (_, i) => i * inChannels * size),
    in: inChannels,
    inStride: size,
    taps: Array.from({ length: size }, (_, i) => i),
    kernel,
  };
}

/** W with the channels of each group swapped: the filter of its input's gradient, but for the taps. */
export function swappedFilter({ data, shape }: Tensor<"float32">, group: number): Filter {
  const [out, inChannels, ...kernel] = shape as [number, number, ...number[]];
  const [size, each] = [sizeOf(kernel), out / group];
  return {
    ...filterOf({ dtype: "float32", data, shape }),
    out: Array.from(
      { length: inChannels * group },
      (_, i) => (Math.floor(i / inChannels) * each * inChannels + (i % inChannels)) * size,
    ),
    in: each,
    inStride: inChannels * size,
  };
}

/**
 * In the order of ONNX Runtime's blocked convolutions, with zeros up to whole blocks: `[O/b, I/b, …kernel, b of I, b of O]`,
 * or, where the input's channels are not in blocks (pictures, one channel a group), `[O/b, I, …kernel, b of O]`.
 */
export function blockedFilter(filter: Filter, block: number, inBlocks: boolean): Tensor<"float32"> {
  const { data, out, inStride, taps, kernel } = filter;
  const outBlocks = Math.ceil(out.length / block);
  const each = inBlocks ? block : 1;
  const inCount = Math.ceil(filter.in / each);
  const ordered = new Float32Array(outBlocks * block * inCount * each * taps.length);
  let at = 0;
  for (let o = 0; o < outBlocks * block; o += block) {
    const outputs = Math.min(block, out.length - o);
    for (let i = 0; i < inCount * each; i += each) {
      const inputs = Math.min(each, filter.in - i);
      for (const tap of taps) {
        if (tap !== undefined) {
          for (let c = 0; c < inputs; c++) {
            const from = (i + c) * inStride + tap;
            for (let k = 0; k < outputs; k++) ordered[at + c * block + k] = data[out[o + k]! + from]!;
          }
        }
        at += each * block;
      }
    }
  }
  return tensor("float32", [outBlocks * block, inCount * each, ...kernel], ordered);
}

/** Constant maps `[N, C, H, W]` in blocks `[N, C/b, H, W, b]`, of the shape `[N, channels in whole blocks, H, W]`. */
export function blockedMaps({ data, shape }: Tensor<"float32">, block: number): Tensor<"float32"> {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const [blocks, size] = [Math.ceil(channels / block), height * width];
  const ordered = new Float32Array(batch * blocks * block * size);
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      const to = (n * blocks + Math.floor(c / block)) * block * size + (c % block);
      for (let p = 0; p < size; p++) ordered[to + p * block] = data[(n * channels + c) * size + p]!;
    }
  }
  return tensor("float32", [batch, blocks * block, height, width], ordered);
}

/** A vector with zeros up to whole blocks. */
export function paddedVector(values: Float32Array, length: number): Tensor<"float32"> {
  const padded = new Float32Array(length);
  padded.set(values);
  return tensor("float32", [length], padded);
}
