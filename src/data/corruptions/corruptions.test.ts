import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { expect, test } from "vitest";
import { UsageError } from "../../errors/index.js";
import { createGenerator } from "../../tensor/index.js";
import type { ByteImage } from "../pixels/index.js";
import {
  corrupt,
  CORRUPTIONS,
  frostTextures,
  readFrost,
  SEVERITIES,
  type Corruption,
  type Severity,
} from "./index.js";

interface Shape {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Those of `scripts/fixtures/corruptions.py`. */
const SHAPES: readonly Shape[] = [
  { channels: 3, height: 224, width: 224 },
  { channels: 3, height: 150, width: 131 },
  { channels: 3, height: 64, width: 80 },
  { channels: 3, height: 32, width: 33 },
  { channels: 1, height: 28, width: 28 },
];
const SAMPLES = 200;
const SEED = 3;
const INDEX = 7;

function levels({ channels, height, width }: Shape): Uint8Array {
  return Uint8Array.from({ length: channels * height * width }, (_, i) => {
    const [x, y, c] = [i % width, Math.floor(i / width) % height, Math.floor(i / (width * height))];
    const ramp = Math.floor((x * 160) / width) + Math.floor((y * 60) / height) + 20 * c;
    const inside = (3 * x - width) ** 2 + (3 * y - height) ** 2 < width * height;
    return Math.min((inside ? 255 - ramp : ramp) + ((x * 131 + y * 197 + x * y + c * 71) % 23), 255);
  });
}

/** The five textures of the fixture, upside down as it has them. */
const textures = [0, 1, 2, 3, 4].map((i): ByteImage => {
  const [height, width] = [60 + 40 * i, 300 - 40 * i];
  const planes = levels({ channels: 3, height, width });
  const data = Uint8Array.from({ length: planes.length }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    return planes[(at % 3) * height * width + (height - 1 - y) * width + x]!;
  });
  return { channels: 3, height, width, data };
});

async function corrupted(shape: Shape, corruption: Corruption, severity: Severity): Promise<Float32Array> {
  const image = Float32Array.from(levels(shape), (level) => level / 255);
  const random = createGenerator(SEED);
  return corrupt(image, shape, { corruption, severity, random, index: INDEX, textures });
}

const fixture = readFileSync(
  fileURLToPath(new URL("../../../test/fixtures/corruptions.bin", import.meta.url)),
);

const cases = SHAPES.flatMap((shape) =>
  CORRUPTIONS.filter((kind) => shape.channels === 3 || kind !== "frost").map((kind) => ({ shape, kind })),
).map((each, place) => ({
  ...each,
  place,
  name: `${each.kind} ${each.shape.channels}×${each.shape.height}×${each.shape.width}`,
}));

test.each(cases)("$name: within one gray level of imagecorruptions", async ({ shape, kind, place }) => {
  for (const severity of SEVERITIES) {
    // The large ones take a while.
    if (shape.height === 224 && severity > 1 && severity < 5) continue;
    const ours = await corrupted(shape, kind, severity);
    const first = (place * 5 + severity - 1) * SAMPLES;
    const differences = Array.from({ length: SAMPLES }, (_, i) => {
      const level = 255 * ours[(i * 7919) % ours.length]!;
      return Math.abs(level - fixture[first + i]!);
    });
    expect(Math.max(...differences), `severity ${severity}`).toBeLessThan(1.001);
  }
});

const COLOUR: Shape = { channels: 3, height: 48, width: 40 };

test("an image is corrupted the same whatever came before; another image, kind or severity gives new draws", async () => {
  const [first, again] = [await corrupted(COLOUR, "fog", 3), await corrupted(COLOUR, "fog", 3)];
  expect(again).toEqual(first);
  expect(await corrupted(COLOUR, "fog", 4)).not.toEqual(first);
  const image = Float32Array.from(levels(COLOUR), (level) => level / 255);
  const how = { corruption: "fog", severity: 3, random: createGenerator(SEED), textures } as const;
  expect(await corrupt(image, COLOUR, { ...how, index: INDEX })).toEqual(first);
  expect(await corrupt(image, COLOUR, { ...how, index: INDEX + 1 })).not.toEqual(first);
});

test("images with two channels, or too small, are refused", async () => {
  for (const shape of [
    { channels: 2, height: 32, width: 32 },
    { channels: 3, height: 32, width: 7 },
  ]) {
    await expect(corrupted(shape, "fog", 1)).rejects.toThrow(UsageError);
  }
});

test("generated frost is as bright as the photographs, and varies", () => {
  const made = frostTextures();
  expect(made).toHaveLength(5);
  const means = made.map(({ data }) => data.reduce((sum, level) => sum + level, 0) / data.length);
  [131, 206.7, 206.7, 152, 123.3].forEach((mean, i) => expect(means[i]).toBeCloseTo(mean, -0.5));
  expect(made[1]!.data).not.toEqual(made[2]!.data);
});

test("frost pictures are read in name order; a folder without any is refused", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-frost-"));
  try {
    await expect(readFrost(folder)).rejects.toThrow("holds no JPEG, PNG or WebP picture");
    for (const [name, level] of [
      ["b.png", 200],
      ["a.png", 10],
    ] as const)
      // prettier-ignore
      await sharp({ create: { width: 3, height: 2, channels: 3, background: { r: level, g: 0, b: 0 } } }).toFile(join(folder, name));
    await writeFile(join(folder, "notes.txt"), "no picture");
    expect((await readFrost(folder)).map(({ width, data }) => [width, data[0]])).toEqual([[3, 10], [3, 200]]); // prettier-ignore
  } finally {
    await rm(folder, { recursive: true });
  }
});
