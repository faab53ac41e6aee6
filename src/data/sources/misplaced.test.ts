/** Data as users name them by mistake: read all the same, or told apart in the error. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { plainPicture } from "../../../test/archives.js";
import { refusalOf } from "../../../test/refusal.js";
import { HoldfastError } from "../../errors/index.js";
import { openDataset } from "../index.js";

let root = "";
let red: Buffer;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-misplaced-"));
  red = await plainPicture(255, 0, 0);
});
afterEach(() => rm(root, { recursive: true }));

async function put(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), red);
  }
}

const refusal = async (spec: string): Promise<string> =>
  (await refusalOf(openDataset(spec), HoldfastError)).message;

describe("a split that does not exist", () => {
  test("the error names the intended split, or the folder of that name", async () => {
    await put("photos/train/cat/1.png", "photos/train/dog/1.png", "photos/holdout/cat/2.png");
    const photos = join(root, "photos");
    expect(await refusal(`${photos}:holdout`)).toContain(
      `For the folder of that name: ${join(photos, "holdout")}.`,
    );
    expect(await refusal(`${photos}:validation`)).toContain(`Did you mean ${photos}:val?`);
    expect(await refusal(`${photos}:tset`)).toContain(`Did you mean ${photos}:test?`);
    expect(await refusal("mnist:dev")).toMatch(/"dev" is not a split[^]*Splits are train, val, test, all/);
    expect(await refusal(`${root}/nothing:dev`)).toMatch(/neither an existing path/);
  });
});

describe("a folder that is not the folder of class folders", () => {
  test("one or two levels too high: the right one is named", async () => {
    await put("a/photos/cat/1.png", "a/photos/dog/1.png");
    const photos = join(root, "a", "photos");
    for (const high of [join(root, "a"), root])
      expect(await refusal(high)).toContain(`Name that folder: ${photos}.`);
    await put("training_set/training_set/cats/1.png", "training_set/training_set/dogs/1.png");
    expect(await refusal(root)).toContain(join(root, "training_set", "training_set"));
  });

  test("one level too deep: the folder above is named", async () => {
    await put("photos/cat/1.png", "photos/dog/1.png");
    expect(await refusal(join(root, "photos", "cat"))).toContain(
      `name the folder above: ${join(root, "photos")}.`,
    );
  });

  test("class folders inside a folder of their own name", async () => {
    await put("cat/cat/1.png", "dog/dog/1.png");
    expect(await refusal(root)).toMatch(/one folder too deep, as in cat\/cat[^]*Move them up/);
  });

  test("pictures side by side with a table: the table is named", async () => {
    await put("1.png", "2.png");
    await writeFile(join(root, "labels.csv"), "path,label\n1.png,cat\n2.png,dog\n");
    expect(await refusal(root)).toContain(`name the table: ${join(root, "labels.csv")}.`);
    expect((await openDataset(`${join(root, "labels.csv")}:all`)).length).toBe(2);
  });

  test("only pictures in other formats", async () => {
    await put("cat/1.bmp", "cat/2.gif", "dog/1.bmp");
    expect(await refusal(root)).toMatch(
      /3 images in unsupported formats \(BMP, GIF\)[^]*Save 1\.bmp and the others as PNG/,
    );
  });
});

test("a file of another format under a picture's name is recognised", async () => {
  await put("cat/1.png", "dog/1.png");
  const gif = await sharp(red).gif().toBuffer();
  const files = {
    gif,
    bmp: Buffer.from("BM\0\0"),
    lfs: Buffer.from("version https://git-lfs.github.com/spec/v1\n"),
  };
  for (const [name, bytes] of Object.entries(files))
    await writeFile(join(root, "cat", `x-${name}.png`), bytes);
  const { skipped } = await openDataset(`${root}:all`, { skipUnreadable: true });
  expect(skipped!.map(({ problem }) => problem)).toEqual([
    "is a BMP, not a JPEG, PNG or WebP image",
    "is a GIF, not a JPEG, PNG or WebP image",
    "is a Git LFS pointer (git lfs pull gets the image), not a JPEG, PNG or WebP image",
  ]);
});

describe("tables from other programs", () => {
  const text = "path,label\nimg/1.png,café\nimg/2.png,dog\n";
  const table = async (bytes: Uint8Array | string): Promise<string> => {
    await put("img/1.png", "img/2.png");
    await writeFile(join(root, "labels.csv"), bytes);
    return join(root, "labels.csv");
  };
  const opened = async (bytes: Uint8Array | string): Promise<unknown> => {
    const dataset = await openDataset(`${await table(bytes)}:all`, { size: { height: 4, width: 4 } });
    for (let i = 0; i < dataset.length; i++) await dataset.read(i, new Float32Array(48));
    return [dataset.classNames, dataset.fileName(0)];
  };
  const read = [["café", "dog"], join("img", "1.png")];

  test("UTF-16 needs a byte order mark; Latin-1 is refused", async () => {
    const little = Buffer.from(`\ufeff${text}`, "utf16le");
    expect(await opened(little)).toEqual(read);
    expect(await opened(Buffer.from(little).swap16())).toEqual(read);
    expect(await refusal(await table(little.subarray(2)))).toMatch(
      /UTF-16 text without a byte-order mark|is not UTF-8/,
    );
    expect(await refusal(await table(Buffer.from(text, "latin1")))).toMatch(
      /is not UTF-8 text; save it as UTF-8/,
    );
  });

  test("backslashes between folders, and absolute paths that stay inside, are read", async () => {
    expect(await opened(text.replaceAll("/", "\\"))).toEqual(read);
    expect(await opened(text.replaceAll("img/", `${root}/img/`))).toEqual(read);
    const link = `${root}-link`;
    await symlink(root, link);
    try {
      await table(text.replaceAll("img/", `${root}/img/`));
      expect((await openDataset(`${link}/labels.csv:all`)).fileName(0)).toBe(join("img", "1.png"));
    } finally {
      await rm(link);
    }
  });

  test("paths that leave the folder, and paths of another machine, are told apart", async () => {
    expect(await refusal(await table("path,label\n..\\..\\etc\\passwd,a\nimg/2.png,b\n"))).toMatch(
      /line 2: .* leads out/,
    );
    expect(await refusal(await table("path,label\nimg/1.png,a\nC:\\photos\\2.png,b\n"))).toMatch(
      /line 3: .* is an absolute path from another machine/,
    );
    expect(await refusal(await table("path,label\n..,a\n../x.png,b\n"))).toMatch(/line 2: .* leads out/);
  });
});
