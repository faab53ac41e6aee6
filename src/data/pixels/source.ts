/**
 * Where pixels come from, as plain data: everything here can be posted to a worker thread,
 * and pixels lie in shared memory, so that a worker reads the same bytes without a copy.
 */
import { totalmem } from "node:os";
import { UsageError } from "../../errors/index.js";
import type { PixelCache } from "./cache.js";
import { decodeBytes, decodeImage } from "./decode.js";
import { fitImage, fromPlanes, type Fit } from "./fit.js";
import type { ByteImage } from "./resize.js";

/** 8-bit images in memory, `[N, C, H, W]`. */
export interface PixelSource {
  readonly kind: "pixels";
  readonly pixels: Uint8Array<SharedArrayBuffer>;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Memory for `count` images.
 *
 * @throws UsageError if this machine does not have that much.
 */
export function sharedPixels(count: number, fit: Fit): Uint8Array<SharedArrayBuffer> {
  const { channels, height, width } = fit;
  const bytes = count * channels * height * width;
  const refused = (cause?: unknown): UsageError =>
    new UsageError({
      place: "size",
      problem: `${count} images of ${channels} × ${height} × ${width} need ${(bytes / 1e9).toFixed(1)} GB of memory, more than is available`,
      remedy: "Use a smaller --size.",
      cause,
    });
  // The system promises memory that it does not have, and kills the process once it is filled.
  if (bytes > totalmem()) throw refused();
  try {
    return new Uint8Array(new SharedArrayBuffer(bytes));
  } catch (cause) {
    throw cause instanceof RangeError ? refused(cause) : cause;
  }
}

/**
 * `count` images of one size, fitted into shared memory. Images that already have the requested size and channels are
 * copied unchanged.
 *
 * @param planesAt bytes `[C, H, W]` of an image, in its own shape.
 * @throws UsageError if this machine does not have that much memory.
 */
export function fittedPixels(
  count: number,
  own: Pick<Fit, "channels" | "height" | "width">,
  fit: Fit,
  planesAt: (index: number) => Uint8Array,
): PixelSource {
  const { channels, height, width } = fit;
  const fits = channels === own.channels && height === own.height && width === own.width;
  const pixels = sharedPixels(count, fit);
  for (let i = 0; i < count; i++) {
    const planes = planesAt(i);
    pixels.set(fits ? planes : fitImage(fromPlanes(planes, own), fit), i * channels * height * width);
  }
  return { kind: "pixels", pixels, channels, height, width };
}

/** Image files of any size, decoded and fitted when they are first read. */
export interface FileSource {
  readonly kind: "files";
  readonly paths: readonly string[];
  readonly fit: Fit;
  readonly cache: PixelCache;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Encoded pictures of an archive, in shared memory; decoded and fitted when they are first read. */
export interface EncodedSource {
  readonly kind: "encoded";
  /** Bytes of many pictures, one after the other. */
  readonly slabs: readonly Uint8Array<SharedArrayBuffer>[];
  /** Slab, offset and length of each picture. */
  readonly at: readonly (readonly [slab: number, offset: number, length: number])[];
  readonly names: readonly string[];
  readonly fit: Fit;
  readonly cache: PixelCache;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Pictures of any size, decoded and fitted when they are first read. */
export type PictureSource = FileSource | EncodedSource;

/** Any source of 8-bit images. */
export type ImageSource = PixelSource | PictureSource;

/**
 * Image `index` of `source`: bytes `[C, H, W]`, to be read and not written.
 *
 * @throws InputError naming the file that cannot be decoded.
 */
export function readPixels(source: ImageSource, index: number): Uint8Array | Promise<Uint8Array> {
  const bytes = source.channels * source.height * source.width;
  if (source.kind === "pixels") return source.pixels.subarray(index * bytes, (index + 1) * bytes);
  const { cache } = source;
  const slot =
    index < cache.ready.length ? cache.pixels.subarray(index * bytes, (index + 1) * bytes) : undefined;
  if (slot !== undefined && Atomics.load(cache.ready, index) === 1) return slot;
  return decodePicture(source, index).then((image) => {
    const pixels = fitImage(image, source.fit);
    if (slot === undefined) return pixels;
    slot.set(pixels);
    Atomics.store(cache.ready, index, 1);
    return slot;
  });
}

/**
 * Picture `index` at its own size.
 *
 * @throws InputError naming the file that cannot be decoded.
 */
export function decodePicture(source: PictureSource, index: number): Promise<ByteImage> {
  return source.kind === "files"
    ? decodeImage(source.paths[index]!)
    : decodeBytes(encodedBytes(source, index), source.names[index]!);
}

/** A copy: the decoder does not read shared memory. */
export function encodedBytes({ slabs, at }: EncodedSource, index: number): Uint8Array {
  const [slab, offset, length] = at[index]!;
  return Uint8Array.from(slabs[slab]!.subarray(offset, offset + length));
}

/** k / 255 in float32, for every byte. */
const UNIT_OF_BYTE = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** Bytes → [0, 1]. */
export function toUnit(pixels: Uint8Array, out: Float32Array): void {
  for (let i = 0; i < pixels.length; i++) out[i] = UNIT_OF_BYTE[pixels[i]!]!;
}
