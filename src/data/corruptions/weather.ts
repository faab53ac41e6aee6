import type { RandomStream } from "../../tensor/index.js";
import type { ByteImage } from "../pixels/index.js";
import { motionBlur, zoomed } from "./filters.js";
import { plasma } from "./plasma.js";
import { clamped, grayOf, mapValues, type Planes } from "./planes.js";

/** Falling flakes and a paler sky. */
export function snow(
  image: Planes,
  [mean, deviation, zoom, least, radius, sigma, keep]: readonly [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ],
  random: RandomStream,
): Planes {
  const { height, width } = image;
  const size = height * width;
  const noise = new Float64Array(size);
  for (let i = 0; i < size; i++) noise[i] = mean + deviation * random.normal();
  const flakes = zoomed({ channels: 1, height, width, data: noise }, zoom);
  for (let i = 0; i < flakes.data.length; i++) {
    const value = flakes.data[i]!;
    flakes.data[i] = value < least ? 0 : Math.min(Math.max(value, 0), 1);
  }
  const angle = -135 + 90 * random.uniform();
  const fallen = motionBlur(flakes, radius, sigma, angle);
  const layer = new Float64Array(size);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      layer[y * width + x] = Math.round(fallen[y * flakes.width + x]! * 255) / 255;
  const gray = grayOf(image);
  return mapValues(image, (value, i) => {
    const at = i % size;
    const pale = Math.max(value, gray[at]! * 1.5 + 0.5);
    return keep * value + (1 - keep) * pale + layer[at]! + layer[size - 1 - at]!;
  });
}

/** A cloud in front of the image, which keeps its largest value. */
export function fog(
  image: Planes,
  [strength, decay]: readonly [number, number],
  random: RandomStream,
): Planes {
  const { height, width } = image;
  const side = 2 ** Math.ceil(Math.log2(Math.max(height, width, 3)));
  const cloud = plasma(side, decay, random);
  let most = 0;
  for (const value of image.data) most = Math.max(most, value);
  return mapValues(image, (value, i) => {
    const at = i % (height * width);
    const thick = strength * cloud[Math.floor(at / width) * side + (at % width)]!;
    return ((value + thick) * most) / (most + strength);
  });
}

/** Enlargement of a texture, beyond its own or the required size. */
const FROST_ROOM = 1.1;

/** Blends part of a picture of frost over the image: `image` · x + `ice` · frost. */
export function frost(
  image: Planes,
  [own, ice]: readonly [image: number, ice: number],
  random: RandomStream,
  textures: readonly ByteImage[],
): Planes {
  const texture = textures[random.integer(textures.length)]!;
  const { channels, height, width } = image;
  const scale = FROST_ROOM * Math.max(1, height / texture.height, width / texture.width);
  const [tall, wide] = [Math.ceil(texture.height * scale), Math.ceil(texture.width * scale)];
  const top = random.integer(tall - height);
  const left = random.integer(wide - width);
  const layer = enlargedPart(texture, { tall, wide, top, left, height, width });
  const pixels = channels === 1 ? grayOf(layer) : layer.data;
  return mapValues(image, (value, i) => own * value + (ice * pixels[i]!) / 255);
}

interface PartOfTexture {
  /** Of the enlarged texture. */
  readonly tall: number;
  readonly wide: number;
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** A part of `texture` enlarged to `tall` × `wide` with OpenCV's cubic interpolation; values from 0 to 255. */
function enlargedPart(texture: ByteImage, part: PartOfTexture): Planes {
  const { tall, wide, top, left, height, width } = part;
  const rows = cubicTaps(texture.height, tall, top, height);
  const columns = cubicTaps(texture.width, wide, left, width);
  const size = height * width;
  const data = new Float64Array(3 * size);
  const mixed = new Float64Array(3 * texture.width);
  for (let y = 0; y < height; y++) {
    mixed.fill(0);
    for (let tap = 0; tap < 4; tap++) {
      const row = 3 * rows.place[4 * y + tap]! * texture.width;
      const weight = rows.weight[4 * y + tap]!;
      for (let i = 0; i < mixed.length; i++) mixed[i] = mixed[i]! + weight * texture.data[row + i]!;
    }
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let tap = 4 * x; tap < 4 * x + 4; tap++)
          sum += columns.weight[tap]! * mixed[3 * columns.place[tap]! + c]!;
        data[c * size + y * width + x] = Math.min(Math.max(Math.round(sum), 0), 255);
      }
    }
  }
  return { channels: 3, height, width, data };
}

/** For each output from `first` on, four neighbours and the weights of Keys' cubic with a = −0.75. */
function cubicTaps(
  inSize: number,
  outSize: number,
  first: number,
  count: number,
): { readonly place: Int32Array; readonly weight: Float64Array } {
  const a = -0.75;
  const weightAt = (signed: number): number => {
    const x = Math.abs(signed);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  };
  const [place, weight] = [new Int32Array(4 * count), new Float64Array(4 * count)];
  for (let i = 0; i < 4 * count; i++) {
    const at = ((first + Math.floor(i / 4) + 0.5) * inSize) / outSize - 0.5;
    const near = Math.floor(at) - 1 + (i % 4);
    place[i] = clamped(near, inSize);
    weight[i] = weightAt(near - at);
  }
  return { place, weight };
}
