import type { RandomStream } from "../../../tensor/index.js";
import type { ByteImage } from "../../pixels/index.js";

/** What defines a class; everything else varies from image to image. */
interface FlowerKind {
  readonly name: string;
  readonly petals: number;
  /** Largest petal width, as a share of the width at which petals touch. */
  readonly width: number;
  /** Exponent of the petal's outline: below 1 blunt, above 1 pointed. */
  readonly point: number;
  /** Hue in degrees, saturation and lightness of the petals. */
  readonly colour: readonly [hue: number, saturation: number, lightness: number];
  readonly disc: readonly [hue: number, saturation: number, lightness: number];
  /** Radius of the disc as a share of the flower's. */
  readonly discRadius: number;
  /** A second ring of petals, turned by half a petal. */
  readonly double: boolean;
}

const kind = (
  name: string,
  petals: number,
  [width, point]: [number, number],
  colour: FlowerKind["colour"],
  disc: FlowerKind["disc"],
  discRadius: number,
  double = false,
): FlowerKind => ({ name, petals, width, point, colour, disc, discRadius, double });

const YELLOW = [48, 0.9, 0.5] as const;
const BROWN = [28, 0.6, 0.25] as const;
const GREEN = [95, 0.5, 0.4] as const;

/** Seventeen kinds; some differ only in shape, some only in colour. */
export const FLOWER_KINDS: readonly FlowerKind[] = Object.freeze([
  kind("daisy", 21, [0.8, 0.6], [50, 0.1, 0.93], YELLOW, 0.3),
  kind("sunflower", 21, [0.9, 1.2], [46, 0.95, 0.52], BROWN, 0.45),
  kind("buttercup", 5, [1.1, 0.5], [52, 0.95, 0.52], GREEN, 0.16),
  kind("windflower", 6, [1, 0.8], [0, 0.05, 0.95], YELLOW, 0.2),
  kind("pansy", 5, [1.25, 0.45], [272, 0.6, 0.4], YELLOW, 0.12),
  kind("tulip", 3, [1.3, 1], [350, 0.8, 0.5], [60, 0.4, 0.3], 0.12, true),
  kind("tigerlily", 6, [0.6, 1.6], [18, 0.9, 0.54], BROWN, 0.1),
  kind("lily", 6, [0.75, 1.3], [330, 0.5, 0.85], YELLOW, 0.1),
  kind("iris", 3, [1, 0.7], [252, 0.6, 0.5], YELLOW, 0.14, true),
  kind("crocus", 6, [0.95, 1], [278, 0.55, 0.65], [35, 0.95, 0.5], 0.13),
  kind("bluebell", 6, [0.5, 1.1], [228, 0.6, 0.58], [228, 0.3, 0.8], 0.12),
  kind("poppy", 4, [1.4, 0.4], [4, 0.85, 0.48], [0, 0.1, 0.12], 0.2),
  kind("daffodil", 6, [0.85, 1.1], [54, 0.85, 0.66], [36, 0.95, 0.5], 0.34),
  kind("snowdrop", 3, [0.8, 1], [90, 0.06, 0.94], GREEN, 0.18),
  kind("cornflower", 12, [0.5, 0.5], [224, 0.75, 0.5], [260, 0.5, 0.35], 0.26),
  kind("dandelion", 34, [0.6, 1], [50, 0.95, 0.52], [44, 0.9, 0.45], 0.22, true),
  kind("aster", 16, [0.6, 1.2], [290, 0.45, 0.62], YELLOW, 0.26),
]);

type Rgb = readonly [number, number, number];

/** Position and orientation of a flower in its image. */
interface Pose {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly turn: number;
  /** Foreshortening along a direction, as if the flower were seen from the side. */
  readonly squash: number;
  readonly lean: number;
  readonly petal: Rgb;
  readonly disc: Rgb;
  readonly light: number;
}

/**
 * One image of class `label`, `[side, side, 3]`, and its mask: 1 on petals and disc. Four samples per
 * pixel smooth the edges; a pixel is in the mask if at least two of them hit the flower.
 */
export function drawFlower(
  label: number,
  side: number,
  stream: RandomStream,
): { readonly image: ByteImage; readonly mask: Uint8Array } {
  const kind = FLOWER_KINDS[label]!;
  const flower = paintFlower(kind, drawPose(kind, stream));
  const ground = paintGround(stream);
  const data = new Uint8Array(side * side * 3);
  const mask = new Uint8Array(side * side);
  const sum = new Float64Array(3);
  for (let i = 0; i < side * side; i++) {
    sum.fill(0);
    let hits = 0;
    for (let sample = 0; sample < 4; sample++) {
      const u = ((i % side) + 0.25 + 0.5 * (sample & 1)) / side;
      const v = (Math.floor(i / side) + 0.25 + 0.5 * (sample >> 1)) / side;
      if (flower(u, v, sum)) hits++;
      else ground(u, v, sum);
    }
    for (let c = 0; c < 3; c++) data[3 * i + c] = Math.min(255, Math.max(0, Math.round((sum[c]! / 4) * 255)));
    mask[i] = hits >= 2 ? 1 : 0;
  }
  return { image: { width: side, height: side, channels: 3, data }, mask };
}

const between = (stream: RandomStream, low: number, high: number): number =>
  low + (high - low) * stream.uniform();

function drawPose({ colour, disc }: FlowerKind, stream: RandomStream): Pose {
  const varied = ([hue, saturation, lightness]: FlowerKind["colour"]): Rgb =>
    rgbOf(
      hue + between(stream, -9, 9),
      saturation * between(stream, 0.8, 1.1),
      lightness * between(stream, 0.85, 1.12),
    );
  return {
    x: between(stream, 0.36, 0.64),
    y: between(stream, 0.36, 0.64),
    radius: between(stream, 0.24, 0.44),
    turn: between(stream, 0, 2 * Math.PI),
    squash: between(stream, 0.6, 1),
    lean: between(stream, 0, Math.PI),
    petal: varied(colour),
    disc: varied(disc),
    light: between(stream, 0.75, 1.15),
  };
}

/** Adds the colour at a point to the sum; false, and nothing is added, where there is none. */
type Paint = (u: number, v: number, sum: Float64Array) => boolean;

function paintFlower(flower: FlowerKind, pose: Pose): Paint {
  const [cos, sin] = [Math.cos(pose.lean), Math.sin(pose.lean)];
  const step = (2 * Math.PI) / flower.petals;
  return (u, v, sum) => {
    const dx = (u - pose.x) / pose.radius;
    const dy = (v - pose.y) / pose.radius;
    const along = dx * cos + dy * sin;
    const across = (dy * cos - dx * sin) / pose.squash;
    // Clearly outside: most points are, and this is quicker than `hypot`.
    if (along * along + across * across > 1.001) return false;
    const distance = Math.hypot(along, across);
    if (distance > 1) return false;
    if (distance < flower.discRadius)
      return add(sum, pose.disc, pose.light * (1.1 - 0.5 * (distance / flower.discRadius)));
    const angle = Math.atan2(across, along) - pose.turn;
    const front = petalShade(flower, angle, distance, step);
    if (front !== undefined) return add(sum, pose.petal, pose.light * front);
    const behind = flower.double ? petalShade(flower, angle + step / 2, distance, step) : undefined;
    return behind !== undefined && add(sum, pose.petal, 0.75 * pose.light * behind);
  };
}

/** Brightness on the petal at this angle: darker towards its base and its edge; undefined outside the petal. */
function petalShade(
  { width, point }: FlowerKind,
  angle: number,
  distance: number,
  step: number,
): number | undefined {
  const off = Math.abs(angle - step * Math.round(angle / step)) / (step / 2);
  const outline = width * Math.sin(Math.PI * Math.min(1, 0.12 + 0.88 * distance)) ** point;
  return off > outline ? undefined : 0.72 + 0.28 * distance - 0.15 * (off / Math.max(outline, 1e-6)) ** 2;
}

/** Leaves over smooth noise in greens and browns. */
function paintGround(stream: RandomStream): Paint {
  const base = rgbOf(between(stream, 60, 130), between(stream, 0.2, 0.55), between(stream, 0.18, 0.42));
  const waves = Array.from({ length: 6 }, () => ({
    fx: between(stream, -14, 14),
    fy: between(stream, -14, 14),
    phase: between(stream, 0, 2 * Math.PI),
    size: between(stream, 0.03, 0.1),
  }));
  const leaves = Array.from({ length: 3 + stream.integer(4) }, () => ({
    x: stream.uniform(),
    y: stream.uniform(),
    ...turned(between(stream, 0, Math.PI)),
    length: between(stream, 0.2, 0.45),
    width: between(stream, 0.03, 0.1),
    colour: rgbOf(between(stream, 80, 140), between(stream, 0.3, 0.7), between(stream, 0.2, 0.5)),
  }));
  return (u, v, sum) => {
    for (const { x, y, cos, sin, length, width, colour } of leaves) {
      const along = ((u - x) * cos + (v - y) * sin) / length;
      const across = ((v - y) * cos - (u - x) * sin) / width;
      if (along * along + Math.abs(across) < 1) return add(sum, colour, 1 - 0.3 * Math.abs(across));
    }
    let noise = 1;
    for (const { fx, fy, phase, size } of waves) noise += size * Math.sin(fx * u + fy * v + phase);
    return add(sum, base, noise);
  };
}

const turned = (angle: number): { cos: number; sin: number } => ({
  cos: Math.cos(angle),
  sin: Math.sin(angle),
});

function add(sum: Float64Array, colour: Rgb, light: number): true {
  for (let c = 0; c < 3; c++) sum[c]! += colour[c]! * light;
  return true;
}

/** HSL to RGB in [0, 1]. */
function rgbOf(hue: number, saturation: number, lightness: number): Rgb {
  const s = Math.min(1, saturation);
  const l = Math.min(1, lightness);
  const channel = (n: number): number => {
    const k = (((n + hue / 30) % 12) + 12) % 12;
    return l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1));
  };
  return [channel(0), channel(8), channel(4)];
}
