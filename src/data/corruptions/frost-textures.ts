import { createGenerator, type RandomStream } from "../../tensor/index.js";
import type { ByteImage } from "../pixels/index.js";
import { gaussianBlur } from "./filters.js";
import { normalised, plasma } from "./plasma.js";
import { mirrored } from "./planes.js";

/** Side of a texture: a power of two. */
const SIDE = 512;

/**
 * Means and deviations of the colours in the reference's photographs. Only these numbers are taken from them, so that our
 * textures hide as much of an image.
 */
const LOOKS: readonly { readonly mean: readonly [number, number, number]; readonly deviation: number }[] = [
  { mean: [78, 149, 166], deviation: 19 },
  { mean: [201, 205, 214], deviation: 22 },
  { mean: [201, 205, 214], deviation: 22 },
  { mean: [138, 153, 165], deviation: 29 },
  { mean: [112, 123, 135], deviation: 43 },
];

/** Number of needles in a texture, and their length in pixels. */
const NEEDLES = { count: 900, shortest: 15, longest: 90 } as const;

/**
 * Generates five pictures of frost, RGB: branching needles of ice over a cloud. The same on every machine.
 * We may not redistribute the reference's photographs.
 */
export function frostTextures(): ByteImage[] {
  return LOOKS.map(({ mean, deviation }, i) => {
    const random = createGenerator(i).stream("frost");
    const cloud = plasma(SIDE, 2, random);
    const ice = iceOf(random);
    let [sum, squares] = [0, 0];
    for (let at = 0; at < cloud.length; at++) {
      const height = (cloud[at] = 0.5 * cloud[at]! + ice[at]!);
      sum += height;
      squares += height ** 2;
    }
    const average = sum / cloud.length;
    const scale = deviation / Math.sqrt(squares / cloud.length - average ** 2);
    const data = new Uint8ClampedArray(3 * cloud.length);
    for (let i = 0; i < data.length; i++)
      data[i] = mean[i % 3]! + scale * (cloud[Math.floor(i / 3)]! - average);
    return { channels: 3, height: SIDE, width: SIDE, data: new Uint8Array(data.buffer) };
  });
}

/** Needles of ice with twigs to both sides, from 0 to 1. */
function iceOf(random: RandomStream): Float64Array {
  const plane = new Float64Array(SIDE * SIDE);
  const between = (low: number, high: number): number => low + (high - low) * random.uniform();
  for (let needle = 0; needle < NEEDLES.count; needle++) {
    const [y, x, angle] = [between(0, SIDE), between(0, SIDE), between(0, 2 * Math.PI)];
    const length = between(NEEDLES.shortest, NEEDLES.longest);
    const bright = between(0.3, 1);
    drawLine(plane, { y, x, angle, length, bright });
    for (let along = 6; along < length; along += 6) {
      const [fromY, fromX] = [y + along * Math.sin(angle), x + along * Math.cos(angle)];
      for (const side of [-1, 1]) {
        const twig = 0.35 * (length - along);
        drawLine(plane, {
          y: fromY,
          x: fromX,
          angle: angle + (side * Math.PI) / 3,
          length: twig,
          bright: 0.6 * bright,
        });
      }
    }
  }
  const smooth = gaussianBlur({ channels: 1, height: SIDE, width: SIDE, data: plane }, [0.8, 0.8], mirrored);
  return normalised(smooth);
}

interface Line {
  readonly y: number;
  readonly x: number;
  readonly angle: number;
  readonly length: number;
  readonly bright: number;
}

/** Draws onto a torus, fading to the end; the brightest value stays. */
function drawLine(plane: Float64Array, { y, x, angle, length, bright }: Line): void {
  for (let along = 0; along < length; along += 0.5) {
    const row = Math.floor(y + along * Math.sin(angle)) & (SIDE - 1);
    const column = Math.floor(x + along * Math.cos(angle)) & (SIDE - 1);
    const at = row * SIDE + column;
    plane[at] = Math.max(plane[at]!, bright * (1 - along / length));
  }
}
