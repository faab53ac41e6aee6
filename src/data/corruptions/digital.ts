import sharp from "sharp";
import type { RandomStream } from "../../tensor/index.js";
import { pixelBytes, resize } from "../pixels/index.js";
import { gaussianBlur } from "./filters.js";
import { mapValues, mirrored, planeOf, planesLike, type Planes } from "./planes.js";

/** Raises the value in HSV; hue and saturation stay. With one channel: x + c. */
export function brightness(image: Planes, added: number): Planes {
  const { channels, height, width, data } = image;
  if (channels === 1) return mapValues(image, (value) => value + added);
  const size = height * width;
  return mapValues(image, (value, i) => {
    const at = i % size;
    const old = Math.max(data[at]!, data[size + at]!, data[2 * size + at]!);
    const raised = Math.min(old + added, 1);
    return old === 0 ? raised : (value * raised) / old;
  });
}

/** (x − mean) c + mean, per channel. */
export function contrast(image: Planes, share: number): Planes {
  const size = image.height * image.width;
  const means = Array.from({ length: image.channels }, (_, c) => {
    let sum = 0;
    for (const value of planeOf(image, c).data) sum += value;
    return sum / size;
  });
  return mapValues(image, (value, i) => {
    const mean = means[Math.floor(i / size)]!;
    return (value - mean) * share + mean;
  });
}

/** As shares of a side: the deviation of the smoothing, and the largest displacement before it. */
const ELASTIC = { sigma: 0.01, most: 0.005 } as const;

/** Takes each pixel from a nearby position: a smoothed random displacement times a factor. */
export function elasticTransform(image: Planes, factor: number, random: RandomStream): Planes {
  const { channels, height, width } = image;
  const most = height * ELASTIC.most;
  const displacement = (): Float64Array => {
    const plane = { channels: 1, height, width, data: new Float64Array(height * width) };
    for (let i = 0; i < plane.data.length; i++) plane.data[i] = -most + 2 * most * random.uniform();
    return gaussianBlur(plane, [height * ELASTIC.sigma, width * ELASTIC.sigma], mirrored, 3);
  };
  const [dx, dy] = [displacement(), displacement()];
  const size = height * width;
  const out = planesLike(image);
  for (let at = 0; at < size; at++) {
    const y = Math.floor(at / width) + dy[at]! * factor;
    const x = (at % width) + dx[at]! * factor;
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const [down, across] = [y - top, x - left];
    const above = mirrored(top, height) * width;
    const below = mirrored(top + 1, height) * width;
    const [before, after] = [mirrored(left, width), mirrored(left + 1, width)];
    for (let c = 0; c < channels; c++) {
      const { data } = image;
      const first = c * size;
      const upper = data[first + above + before]! * (1 - across) + data[first + above + after]! * across;
      const lower = data[first + below + before]! * (1 - across) + data[first + below + after]! * across;
      out.data[first + at] = upper * (1 - down) + lower * down;
    }
  }
  return out;
}

/** Shrinks by block means, then enlarges again by repetition. */
export function pixelate(image: Planes, share: number): Planes {
  const { channels, height, width } = image;
  const [tall, wide] = [Math.trunc(height * share), Math.trunc(width * share)];
  const small = resize({ channels, height, width, data: pixelBytes(image.data, image) }, wide, tall, "box");
  const [rows, columns] = [nearest(tall, height), nearest(wide, width)];
  return planesFrom(image, (y, x, c) => small.data[(rows[y]! * wide + columns[x]!) * channels + c]!);
}

/** The input nearest to each output, accumulated as in Pillow, because rounding decides between two equally near ones. */
function nearest(inSize: number, outSize: number): Int32Array {
  const step = inSize / outSize;
  let at = 0.5 * step;
  return Int32Array.from({ length: outSize }, () => {
    const place = Math.trunc(at);
    at += step;
    return place;
  });
}

/** Writes and reads a JPEG with the standard tables and colours at half resolution. */
export async function jpegCompression(image: Planes, quality: number): Promise<Planes> {
  const { height, width, channels } = image;
  const raw = { width, height, channels: channels as 1 | 3 };
  const encoded = await sharp(pixelBytes(image.data, image), { raw })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .jpeg({ quality, chromaSubsampling: "4:2:0" })
    .toBuffer();
  const { data, info } = await sharp(encoded)
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  return planesFrom(image, (y, x, c) => data[(y * width + x) * info.channels + c]!);
}

/** @param level the gray level of each value. */
function planesFrom(image: Planes, level: (y: number, x: number, channel: number) => number): Planes {
  const { height, width } = image;
  const out = planesLike(image);
  for (let i = 0, row = 0; row < image.channels * height; row++)
    for (let x = 0; x < width; x++, i++) out.data[i] = level(row % height, x, Math.floor(row / height)) / 255;
  return out;
}
