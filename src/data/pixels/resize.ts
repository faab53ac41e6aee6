/**
 * Antialiased resampling, bit for bit like Pillow's `Image.resize` for 8-bit images
 * (Pillow, src/libImaging/Resample.c): the filter is widened by the scale when an image shrinks;
 * weights are fixed-point with 22 fractional bits; rows first, then columns, each rounded to 8 bits.
 */

/** Interpolation filters. */
export type Interpolation = "bilinear" | "bicubic";

/** What an image may be resampled with. `box`: means of blocks. */
export type ResizeFilter = Interpolation | "box";

/** 8-bit image, `[H, W, C]` interleaved. */
export interface ByteImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** A rectangle in pixel units, edges at integers; Pillow's `box`. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Which pixels of the result to compute: `width` × `height` of them, starting at (`left`, `top`). */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

interface Filter {
  /** Half-width of the filter at scale 1. */
  readonly support: number;
  weight(distance: number): number;
}

/** 1 within a half, max(0, 1 − |x|), and Keys' cubic with a = −0.5. */
const filters: { readonly [name in ResizeFilter]: Filter } = {
  box: { support: 0.5, weight: (x) => Number(x > -0.5 && x <= 0.5) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: cubic },
};

function cubic(signed: number): number {
  const a = -0.5;
  const x = Math.abs(signed);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

/** Bits after the point of a weight: 32 − 8 of the pixel − 2 of head room. */
const PRECISION_BITS = 22;

/** For output i: taps `[start[i], start[i] + count[i])` with weights at `i · width`. */
interface Taps {
  readonly start: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  readonly width: number;
}

/** One axis: [from, to) of `inSize` pixels becomes `outSize` pixels, of which `made` are computed, starting at `first`. */
interface Axis {
  readonly inSize: number;
  readonly from: number;
  readonly to: number;
  readonly outSize: number;
  readonly first: number;
  readonly made: number;
}

/** Whether the axis stays unchanged. */
const isWhole = ({ inSize, from, to, outSize, made }: Axis): boolean =>
  outSize === inSize && from === 0 && to === outSize && made === outSize;

/** Weights of the computed outputs of one axis. */
function axisTaps({ inSize, from, to, outSize, first: firstMade, made }: Axis, filter: Filter): Taps {
  const scale = (to - from) / outSize;
  const filterScale = Math.max(scale, 1);
  const support = filter.support * filterScale;
  const width = Math.ceil(support) * 2 + 1;
  const start = new Int32Array(made);
  const count = new Int32Array(made);
  const weights = new Int32Array(made * width);
  const exact = new Float64Array(width);
  for (let i = 0; i < made; i++) {
    const centre = from + (firstMade + i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support + 0.5));
    const taps = Math.min(inSize, Math.trunc(centre + support + 0.5)) - first;
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      exact[tap] = filter.weight((tap + first - centre + 0.5) * (1 / filterScale));
      sum += exact[tap]!;
    }
    for (let tap = 0; tap < taps; tap++) {
      const fixed = (sum === 0 ? exact[tap]! : exact[tap]! / sum) * 2 ** PRECISION_BITS;
      weights[i * width + tap] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
    start[i] = first;
    count[i] = taps;
  }
  return { start, count, weights, width };
}

/** Resamples along rows, rows [top, bottom) only: `[bottom − top, outWidth, C]`. */
function resampleRows(
  image: ByteImage,
  taps: Taps,
  outWidth: number,
  top: number,
  bottom: number,
): ByteImage {
  const { channels, width, data } = image;
  const { start, count, weights } = taps;
  const out = new Uint8ClampedArray((bottom - top) * outWidth * channels);
  let at = 0;
  for (let y = top; y < bottom; y++) {
    const row = y * width * channels;
    for (let x = 0; x < outWidth; x++) {
      const pixel = row + start[x]! * channels;
      const weight = x * taps.width;
      const last = weight + count[x]!;
      for (let c = 0; c < channels; c++) {
        let sum = 1 << (PRECISION_BITS - 1);
        for (let w = weight, p = pixel + c; w < last; w++, p += channels) {
          sum = (sum + Math.imul(weights[w]!, data[p]!)) | 0;
        }
        out[at++] = sum >> PRECISION_BITS;
      }
    }
  }
  return { width: outWidth, height: bottom - top, channels, data: bytesOf(out) };
}

/** Resamples along columns; row 0 of `image` is row `top` of the taps. */
function resampleColumns(image: ByteImage, taps: Taps, outHeight: number, top: number): ByteImage {
  const stride = image.width * image.channels;
  const out = new Uint8ClampedArray(outHeight * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < outHeight; y++) {
    sums.fill(1 << (PRECISION_BITS - 1));
    for (let tap = 0; tap < taps.count[y]!; tap++) {
      const weight = taps.weights[y * taps.width + tap]!;
      const row = (taps.start[y]! - top + tap) * stride;
      for (let i = 0; i < stride; i++) sums[i] = (sums[i]! + Math.imul(weight, image.data[row + i]!)) | 0;
    }
    const at = y * stride;
    for (let i = 0; i < stride; i++) out[at + i] = sums[i]! >> PRECISION_BITS;
  }
  return { ...image, height: outHeight, data: bytesOf(out) };
}

function bytesOf(clamped: Uint8ClampedArray): Uint8Array {
  return new Uint8Array(clamped.buffer, clamped.byteOffset, clamped.length);
}

/**
 * `image` resampled to `width` × `height`, from `box` of it (all of it by default). Equals Pillow's
 * `image.resize((width, height), BILINEAR | BICUBIC | BOX, box)`, or `part` of that: the rest is never computed.
 */
export function resize(
  image: ByteImage,
  width: number,
  height: number,
  interpolation: ResizeFilter = "bilinear",
  box: Box = { left: 0, top: 0, right: image.width, bottom: image.height },
  part: Part = { left: 0, top: 0, width, height },
): ByteImage {
  const filter = filters[interpolation];
  const across: Axis = {
    inSize: image.width,
    from: box.left,
    to: box.right,
    outSize: width,
    first: part.left,
    made: part.width,
  };
  const down: Axis = {
    inSize: image.height,
    from: box.top,
    to: box.bottom,
    outSize: height,
    first: part.top,
    made: part.height,
  };
  const [wholeWidth, wholeHeight] = [isWhole(across), isWhole(down)];
  const rows = axisTaps(down, filter);
  // Only the rows that the second pass needs.
  const top = wholeHeight ? 0 : rows.start[0]!;
  const bottom = wholeHeight ? image.height : rows.start.at(-1)! + rows.count.at(-1)!;
  const narrow = wholeWidth ? image : resampleRows(image, axisTaps(across, filter), part.width, top, bottom);
  return wholeHeight ? narrow : resampleColumns(narrow, rows, part.height, wholeWidth ? 0 : top);
}
