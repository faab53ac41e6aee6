import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InputError } from "../../errors/index.js";
import { checkData, openDataset, type Dataset } from "../index.js";
import { decodeImage } from "./decode.js";

const FIXTURES = fileURLToPath(new URL("../../../test/fixtures/images", import.meta.url));

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-images-"));
});
afterEach(() => rm(root, { recursive: true }));

async function put(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), bytes);
}

const plain = (background: string, width = 40, height = 40): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();

/** Two readable classes, one of which the test adds to. */
async function twoClasses(): Promise<void> {
  await put("a/1.png", await plain("#ff0000"));
  await put("b/1.png", await plain("#0000ff"));
  await put("b/2.png", await plain("#00ff00"));
}

describe("unusual images give the bytes of Pillow's convert('RGB')", () => {
  test.each([
    "cmyk.jpg",
    "gray.jpg",
    "turned.jpg",
    "gray-alpha.png",
    "one-bit.png",
    "palette.png",
    "transparent.webp",
    "animated.webp",
    "animated.png",
    "misnamed.JPEG",
  ])("%s", async (name) => {
    const { width, height, channels, data } = await decodeImage(join(FIXTURES, name));
    expect([width, height, channels]).toEqual([16, 16, 3]);
    expect(Buffer.from(data).equals(await readFile(join(FIXTURES, `${name}.rgb`)))).toBe(true);
  });

  test("16-bit images keep their upper 8 bits, also in gray (which Pillow would clip)", async () => {
    const values = Uint16Array.from({ length: 32 * 32 }, (_, i) => (i * 641) % 65_536);
    await put("deep.png", png16(values, 32, 32));
    const { data } = await decodeImage(join(root, "deep.png"));
    values.forEach((value, i) => expect(data[3 * i]).toBe(value >> 8));
  });

  test("data check counts them", async () => {
    await twoClasses();
    for (const name of await readdir(FIXTURES)) {
      if (!name.endsWith(".rgb")) await cp(join(FIXTURES, name), join(root, "a", name));
    }
    await put(
      "a/deep.png",
      png16(
        Uint16Array.from({ length: 1024 }, (_, i) => i * 64),
        32,
        32,
      ),
    );
    const { check } = await checkData(`${root}:all`);
    expect(check.unreadable).toEqual([]);
    expect(check.kinds).toEqual({
      jpeg: 3,
      png: 9,
      webp: 2,
      gray: 4,
      cmyk: 1,
      deep: 1,
      turned: 1,
      animated: 1,
    });
    const misnamed = check.suspicious.filter(({ problem }) => problem.includes("by its content"));
    expect(misnamed.map(({ where }) => where)).toEqual(["a/misnamed.JPEG"]);
  });
});

describe("unreadable images are named when read, or skipped and listed", () => {
  /** Both ways; gives the problem. */
  async function problemOf(file: string): Promise<string> {
    const whole = await openDataset(`${root}:all`);
    const index = Array.from({ length: whole.length }, (_, i) => whole.fileName(i)).indexOf(file);
    const error = await read(whole, index).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    const { place, problem } = error as InputError;
    expect(place).toBe(join(root, file));
    const kept = await openDataset(`${root}:all`, { skipUnreadable: true });
    expect(kept.skipped).toEqual([{ file, problem }]);
    expect(kept.length).toBe(whole.length - 1);
    expect((await checkData(`${root}:all`)).check.unreadable).toEqual([{ file, problem }]);
    return problem;
  }
  const read = async (dataset: Dataset, index: number): Promise<void> =>
    dataset.read(index, new Float32Array(dataset.channels * dataset.height * dataset.width));

  test("an empty file", async () => {
    await twoClasses();
    await put("a/bad.jpg", new Uint8Array());
    expect(await problemOf("a/bad.jpg")).toBe("is empty");
  });

  test("a missing file: a link to nothing", async () => {
    await twoClasses();
    await symlink(join(root, "nothing.jpg"), join(root, "a", "bad.jpg"));
    expect(await problemOf("a/bad.jpg")).toBe("does not exist");
  });

  test.each([
    ["a GIF", "GIF89a\u0001\u0000", "is a GIF, not"],
    ["an SVG", "<svg xmlns='http://www.w3.org/2000/svg'/>", "is not"],
    ["a web page", "<!doctype html><title>404</title>", "is not"],
  ])("%s with an image's name", async (_, text, words) => {
    await twoClasses();
    await put("a/bad.jpg", new TextEncoder().encode(text));
    expect(await problemOf("a/bad.jpg")).toBe(`${words} a JPEG, PNG or WebP image`);
  });

  test.each(["cmyk.jpg", "palette.png", "transparent.webp"])("the first half of %s", async (name) => {
    await twoClasses();
    const bytes = await readFile(join(FIXTURES, name));
    await put(`a/${name}`, bytes.subarray(0, bytes.length / 2));
    expect(await problemOf(`a/${name}`)).toBe("cannot be decoded: it is damaged or truncated");
  });

  test("a PNG whose data does not inflate", async () => {
    await twoClasses();
    const bytes = await readFile(join(FIXTURES, "misnamed.JPEG"));
    bytes.fill(0xa5, bytes.indexOf("IDAT") + 6, bytes.indexOf("IDAT") + 60);
    await put("a/bad.png", bytes);
    expect(await problemOf("a/bad.png")).toBe("cannot be decoded: it is damaged or truncated");
  });

  test("20 000 × 20 000 pixels, before any is decoded", async () => {
    await twoClasses();
    const bytes = await plain("#ffffff");
    bytes.writeUInt32BE(20_000, 16);
    bytes.writeUInt32BE(20_000, 20);
    await put("a/bad.png", bytes);
    expect(await problemOf("a/bad.png")).toBe("claims 20000 × 20000 pixels; the limit is 100 million");
  });
});

test("20 000 pixels along one side only: read, and checked", async () => {
  await twoClasses();
  await put("a/long.png", await plain("#0a141e", 20_000, 40));
  const dataset = await openDataset(`${root}:all`, { size: { height: 8, width: 8 } });
  const out = new Float32Array(192);
  await dataset.read(1, out);
  expect([0, 64, 128].map((at) => Math.round(255 * out[at]!))).toEqual([10, 20, 30]);
  const { suspicious } = (await checkData(`${root}:all`)).check;
  expect(suspicious).toContainEqual({ where: "a/long.png", problem: "is very long: 20000 × 40 pixels" });
});

describe("classes", () => {
  test("with one image are reported when the split is dealt", async () => {
    await twoClasses();
    for (const split of ["train", "test"]) {
      const { description } = await openDataset(`${root}:${split}`);
      expect(description).toMatch('Class "a" has only one image, so one of the two sets lacks it.');
    }
    const said = (await checkData(root)).check.suspicious.filter(({ where }) => where === 'class "a"');
    expect(said.map(({ problem }) => problem).sort()).toEqual([
      "has no image in test",
      "has only one image in train",
    ]);
  });

  test("keep markup, quotes and control characters in their names", async () => {
    const names = ["<img src=x onerror=alert(1)>", '"; rm -rf & {{7*7}}', "\u001b[31mred\n", "été 花"].sort();
    for (const name of names) for (const i of [1, 2]) await put(`${name}/${i}.png`, await plain("#777777"));
    const dataset = await openDataset(`${root}:all`);
    expect(dataset.classNames).toEqual(names);
    const { check } = await checkData(`${root}:all`);
    expect(check.classes.map(({ name }) => name)).toEqual(names);
    expect(JSON.parse(JSON.stringify(check))).toEqual(check);
  });
});

/** A gray PNG of 16 bits; sharp would write 8. */
function png16(values: Uint16Array, width: number, height: number): Buffer {
  const rows = Buffer.alloc(height * (1 + 2 * width));
  values.forEach((value, i) => {
    rows.writeUInt16BE(value, Math.floor(i / width) * (1 + 2 * width) + 1 + 2 * (i % width));
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([16, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
