import { sizeOf, tensor, type Tensor } from "../../../tensor/index.js";
import type { Emitter } from "./emitter.js";

/** A filter as it is read out of a weight `[O, I / group, …kernel]`. */
export interface Filter {
  /** Shape of the weight. */
  readonly weight: readonly number[];
  /** Whether the channels of each group change places, as in the filter of an input's gradient; how many groups there then are. */
  readonly swapped?: { readonly group: number };
  /** Place of each kernel tap in the weight; undefined for a tap of zeros. */
  readonly taps: readonly (number | undefined)[];
  readonly kernel: readonly number[];
}

/** The weight as it is. */
export function filterOf(weight: readonly number[]): Filter {
  const kernel = weight.slice(2);
  return { weight, kernel, taps: Array.from({ length: sizeOf(kernel) }, (_, i) => i) };
}

/**
 * In the order of ONNX Runtime's blocked convolutions, with zeros up to whole blocks: `[O/b, I/b, …kernel, b of I, b of O]`,
 * or, where the input's channels are not in blocks (pictures, one channel a group), `[O/b, I, …kernel, b of O]`.
 */
function blockedFilter(
  filter: Filter,
  data: Float32Array,
  block: number,
  inBlocks: boolean,
): Tensor<"float32"> {
  const { taps, kernel } = filter;
  const { out, inCount: channels, inStride } = placesOf(filter);
  const outBlocks = Math.ceil(out.length / block);
  const each = inBlocks ? block : 1;
  const inCount = Math.ceil(channels / each);
  const ordered = new Float32Array(outBlocks * block * inCount * each * taps.length);
  let at = 0;
  for (let o = 0; o < outBlocks * block; o += block) {
    const outputs = Math.min(block, out.length - o);
    for (let i = 0; i < inCount * each; i += each) {
      const inputs = Math.min(each, channels - i);
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

/** Where each output channel begins in the weight; the input channels of one, and how far apart they are. */
function placesOf({ weight, swapped }: Filter) {
  const [out, inCount, ...kernel] = weight as [number, number, ...number[]];
  const size = sizeOf(kernel);
  if (swapped === undefined) {
    return { out: Array.from({ length: out }, (_, i) => i * inCount * size), inCount, inStride: size };
  }
  const each = out / swapped.group;
  const places = Array.from(
    { length: inCount * swapped.group },
    (_, i) => (Math.floor(i / inCount) * each * inCount + (i % inCount)) * size,
  );
  return { out: places, inCount: each, inStride: inCount * size };
}

/** A weight's filter in blocks: a constant, or what comes of a weight that is fed; once for each. */
export function filterInBlocks(e: Emitter, name: string, filter: Filter, inBlocks: boolean): string {
  const data = e.graph.initializers.get(name)?.data as Float32Array | undefined;
  // One weight may be that of layers with other groups, pads or dilations.
  const key = `filter ${[name, inBlocks, filter.swapped?.group, ...filter.kernel, ...filter.taps].join()}`;
  return data === undefined
    ? e.shared(key, () => orderedFilter(e, name, filter, inBlocks))
    : e.constantOf(key, () => blockedFilter(filter, data, e.block, inBlocks));
}

/** A depthwise filter that is the same for every channel. */
export function sameFilter(
  e: Emitter,
  channels: number,
  kernel: readonly number[],
  taps: readonly number[],
): string {
  const data = (): Float32Array =>
    new Float32Array(channels * taps.length).map((_, i) => taps[Math.floor(i / e.block) % taps.length]!);
  return e.constantOf(`same ${channels} ${kernel.join()} ${taps.join()}`, () =>
    tensor("float32", [channels, 1, ...kernel], data()),
  );
}

/** A number for each of `count` channels, with zeros up to whole blocks: a vector, or of another shape. */
export function channelsInBlocks(
  e: Emitter,
  name: string,
  count: number,
  shape: readonly number[] = [e.padded(count)],
): string {
  const key = `channels ${name} ${shape.join()}`;
  const data = e.graph.initializers.get(name)?.data as Float32Array | undefined;
  return data === undefined
    ? e.shared(key, () => paddedChannels(e, e.plain(name), count, shape))
    : e.constantOf(key, () => paddedTensor(data, shape));
}

/** {@link channelsInBlocks} of a value that is none of the graph's. */
export function paddedChannels(e: Emitter, made: string, count: number, shape: readonly number[]): string {
  const vector = e.reshape(made, [count]);
  const missing = e.padded(count) - count;
  const padded = missing === 0 ? vector : e.op("Pad", [vector, e.ints([0, missing])]);
  return e.reshape(padded, shape);
}

/** {@link blockedFilter} of a weight that is fed: the nodes that put it in this order. */
function orderedFilter(e: Emitter, name: string, filter: Filter, inBlocks: boolean): string {
  const { weight, swapped, taps, kernel } = filter;
  const [out, inChannels, ...own] = weight as [number, number, ...number[]];
  const group = swapped?.group ?? 1;
  const size = sizeOf(own);
  const upTo = (count: number, whole: number): number => Math.ceil(count / whole) * whole;
  // Channels of a group of the weight, as they become blocks of output or of input channels.
  const [ofFirst, ofSecond] = swapped ? [inBlocks ? e.block : 1, e.block] : [e.block, inBlocks ? e.block : 1];
  const [first, second] = [upTo(out / group, ofFirst), upTo(inChannels, ofSecond)];
  const zeroTap = Number(taps.includes(undefined));
  const missing = [0, first - out / group, second - inChannels, zeroTap];
  let ordered = e.reshape(e.plain(name), [group, out / group, inChannels, size]);
  if (missing.some((count) => count > 0)) ordered = e.op("Pad", [ordered, e.ints([0, 0, 0, 0, ...missing])]);
  const [firsts, seconds, all] = [first / ofFirst, second / ofSecond, size + zeroTap];
  // Read as images, a weight's output channels of a block are brought innermost by ReorderInput as well.
  const image = swapped ? [group * first, second, all, 1] : [firsts, e.block, second * all, 1];
  ordered = e.blockedOp("ReorderInput", [e.reshape(ordered, image)]);
  const split = swapped
    ? [group, firsts, ofFirst, seconds, all, e.block]
    : [1, firsts, seconds, ofSecond, all, e.block];
  ordered = e.reshape(ordered, split);
  if (swapped || ofSecond > 1) {
    ordered = e.op("Transpose", [ordered], { perm: swapped ? [0, 3, 1, 4, 2, 5] : [0, 1, 2, 4, 3, 5] });
  }
  const isInOrder = taps.length === all && taps.every((tap, i) => tap === i);
  const axis = !swapped && ofSecond === 1 ? 4 : 3;
  if (!isInOrder) ordered = e.op("Gather", [ordered, e.ints(taps.map((tap) => tap ?? size))], { axis });
  return e.reshape(ordered, swapped ? [group * second, first, ...kernel] : [first, second, ...kernel]);
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

/** Numbers with zeros at the end. */
export function paddedTensor(values: Float32Array, shape: readonly number[]): Tensor<"float32"> {
  const padded = new Float32Array(sizeOf(shape));
  padded.set(values);
  return tensor("float32", shape, padded);
}
