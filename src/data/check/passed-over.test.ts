import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import sharp from "sharp";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkData } from "../index.js";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-passed-"));
});
afterEach(() => rm(root, { recursive: true }));

/** Of many colours: a picture of one would be a finding too. */
const picture = (): Promise<Buffer> => {
  const data = Buffer.from(Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) => (i * 7919) % 256));
  return sharp(data, { raw: { width: 40, height: 40, channels: 3 } })
    .png()
    .toBuffer();
};

const PLAIN = ["cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.png"];

async function putFolder(names: readonly string[]): Promise<string> {
  for (const name of names) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    if (!name.endsWith("/")) await writeFile(join(root, name), await picture());
    else await mkdir(join(root, name));
  }
  return root;
}

async function putTar(names: readonly string[]): Promise<string> {
  const writer = pack();
  for (const name of names) if (!name.endsWith("/")) writer.entry({ name }, await picture());
  writer.finalize();
  const path = join(root, "pictures.tar");
  await writeFile(path, await buffer(writer));
  return path;
}

async function findings(spec: string, classes?: readonly string[]): Promise<string[]> {
  const { check } = await checkData(spec, { open: { classes } });
  return check.suspicious
    .filter(({ problem }) => !problem.includes("one image only"))
    .map(({ where, problem }) => `${where === root ? "." : where} ${problem}`);
}

describe.each([
  ["a folder", putFolder],
  ["an archive", putTar],
])("files in %s that are not read", (_, put) => {
  test("reports unsupported formats and the classes lost with them", async () => {
    const spec = await put([...PLAIN, "birds/1.gif", "birds/2.gif", "cats/3.bmp", "notes.txt"]);
    expect(await findings(`${spec}:all`)).toEqual([
      "birds holds 2 GIF files (1.gif, 2.gif), which are not read; the folder has no other image, so it is not a class",
      "cats holds 1 BMP file (3.bmp), which is not read",
    ]);
    expect(await findings(`${spec}:all`, ["cats", "dogs"])).toEqual([
      "cats holds 1 BMP file (3.bmp), which is not read",
    ]);
  });

  test("reports files of the checked split", async () => {
    const names = ["train", "test"].flatMap((split) => PLAIN.map((name) => `${split}/${name}`));
    const spec = await put([...names, "train/cats/x.tiff", "test/cats/x.heic"]);
    expect(await findings(`${spec}:test`)).toEqual([
      "test/cats holds 1 HEIC file (x.heic), which is not read",
    ]);
    expect(await findings(spec)).toHaveLength(2);
  });

  test("finds a held-out split by the name that data sets give it, whatever its folder is called", async () => {
    const names = ["train", "valid"].flatMap((split) => PLAIN.map((name) => `${split}/${name}`));
    const spec = await put([...names, "train/cats/x.tiff", "valid/cats/x.heic"]);
    expect(await findings(`${spec}:test`)).toEqual([
      "valid/cats holds 1 HEIC file (x.heic), which is not read",
    ]);
  });

  test("reports nothing if everything is read", async () => {
    expect(await findings(`${await put([...PLAIN, "cats/.1.gif", "__MACOSX/cats/1.gif"])}:all`)).toEqual([]);
  });
});

test("folder: pictures beside the classes or too deep, and empty classes", async () => {
  await putFolder([...PLAIN, "loose.png", "cats/more/9.png", "fish/"]);
  expect(await findings(`${root}:all`)).toEqual([
    "cats/more holds 1 image (9.png) in a folder inside a class folder",
    ". holds 1 image (loose.png) beside the class folders",
    "fish has no image, so it is not a class",
  ]);
});

test("pictures outside the split folders", async () => {
  const names = ["train", "Test"].flatMap((split) => PLAIN.map((name) => `${split}/${name}`));
  await putFolder([...names, "cats/1.png"]);
  expect(await findings(root)).toEqual(["cats holds 1 image (1.png) outside the split folders"]);
});

test("archive whose splits are read as one", async () => {
  const names = ["train", "test"].flatMap((split) => PLAIN.map((name) => `${split}/${name}`));
  const path = await putTar([...names, "train/cats/x.tiff", "test/cats/x.heic"]);
  expect(await findings(`${path}:all`)).toHaveLength(2);
});

test("archive with pictures without a class", async () => {
  const words = ["train/cat.1.png", "train/cat.2.png", "train/dog.1.png", "train/dog.2.png"];
  const path = await putTar([...words, ...[1, 2, 3, 4].map((i) => `test1/${i}.png`)]);
  expect(await findings(`${path}:all`)).toEqual([
    "test1 holds 4 images (1.png, 2.png, 3.png, …) without a class",
  ]);
});
