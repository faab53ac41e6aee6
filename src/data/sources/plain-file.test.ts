import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { red, treeOf, zipOf } from "../../../test/archives.js";
import { refusalOf } from "../../../test/refusal.js";
import { InputError } from "../../errors/index.js";
import { checkData, openDataset, type Dataset } from "../index.js";

/** Node makes none itself. */
const MKFIFO = "mkfifo";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-plain-"));
  for (const [name, bytes] of Object.entries(treeOf("", red, red))) {
    await mkdir(join(root, "pets", name, ".."), { recursive: true });
    await writeFile(join(root, "pets", name), bytes as Uint8Array);
  }
});
afterEach(() => rm(root, { recursive: true }));

const size = { size: { height: 4, width: 4 } };

const refusal = async (work: Promise<unknown>): Promise<string> =>
  (await refusalOf(work, InputError)).message;

const readAll = async (dataset: Dataset): Promise<void> => {
  const out = new Float32Array(dataset.channels * dataset.height * dataset.width);
  for (let i = 0; i < dataset.length; i++) await dataset.read(i, out);
};

describe.skipIf(process.platform === "win32")(
  "anything but a plain file is neither waited for nor read",
  () => {
    const fifo = (name: string): string => {
      execFileSync(MKFIFO, [join(root, name)]);
      return join(root, name);
    };

    test("a FIFO or a device among pictures: an error when read, skipped with a note, listed by a check", async () => {
      fifo("pets/cats/fifo.png");
      await symlink("/dev/zero", join(root, "pets/dogs/zero.png"));
      const pets = join(root, "pets");
      expect(await refusal(openDataset(`${pets}:all`, size).then(readAll))).toMatch(/fifo\.png: is a FIFO/);
      const kept = await openDataset(`${pets}:all`, { ...size, skipUnreadable: true });
      expect([kept.length, kept.skipped!.map(({ file }) => file)]).toEqual([
        10,
        ["cats/fifo.png", "dogs/zero.png"],
      ]);
      expect((await checkData(pets)).check.unreadable.map(({ file }) => file).sort()).toEqual([
        "cats/fifo.png",
        "dogs/zero.png",
      ]);
    });

    test.each(["photos.csv", "photos.zip", "photos.tar", "photos.tgz"])("as the data, %s", async (name) => {
      expect(await refusal(openDataset(fifo(name)))).toContain(`${name}: is a FIFO`);
      await rm(join(root, name));
      await symlink("/dev/zero", join(root, name));
      expect(await refusal(openDataset(join(root, name)))).toContain("a device");
    });

    test("IDX files, boxes, masks and ImageNet's classes", async () => {
      fifo("train-images-idx3-ubyte");
      fifo("train-labels-idx1-ubyte");
      expect(await refusal(openDataset(root))).toMatch(/idx3-ubyte: is a FIFO/);
      const pets = join(root, "pets");
      fifo("pets/boxes.csv");
      expect(await refusal(openDataset(pets))).toMatch(/boxes\.csv: is a FIFO/);
      await rm(join(pets, "boxes.csv"));
      await mkdir(join(pets, "masks", "cats"), { recursive: true });
      fifo("pets/masks/cats/0.png");
      const masked = await openDataset(`${pets}:all`, size);
      expect(await refusal((async () => masked.mask!(0, new Uint8Array(16)))())).toMatch(/0\.png: is a FIFO/);
      await rename(join(pets, "cats", "0.png"), join(pets, "cats", "ILSVRC2012_val_00000001.JPEG"));
      fifo("pets/LOC_val_solution.csv");
      expect(await refusal(openDataset(pets, size))).toMatch(/LOC_val_solution\.csv: is a FIFO/);
    });
  },
);

test("a zip whose first picture, or every picture, is empty", async () => {
  const path = join(root, "empty.zip");
  await writeFile(path, zipOf({ "a/0.png": "", "a/1.png": red, "b/0.png": red, "b/1.png": red }));
  expect(await refusal(openDataset(`${path}:all`, size).then(readAll))).toMatch(/a\/0\.png: is empty/);
  const kept = await openDataset(`${path}:all`, { ...size, skipUnreadable: true });
  expect([kept.length, kept.skipped]).toEqual([3, [{ file: "a/0.png", problem: "is empty" }]]);
  await writeFile(path, zipOf({ "a/0.png": "", "b/0.png": "" }));
  expect(await refusal(openDataset(path, { skipUnreadable: true }))).toMatch(/no image that can be decoded/);
});

test("a NUL in a path of a table, or of the data", async () => {
  const path = join(root, "photos.csv");
  await writeFile(path, "path,label\npets/cats/0.png,cat\npets/do\0gs/0.png,dog\n");
  expect(await refusal(openDataset(path))).toMatch(/line 3: has a path with a NUL/);
  expect(await refusal(openDataset(`${root}/a\0b`))).toMatch(/neither an existing path/);
  expect(await refusal(openDataset(`${root}/a\0b.csv`))).toMatch(/neither an existing path/);
  expect(await refusal(openDataset(`${root}/a\0b.zip`))).toMatch(/neither an existing path/);
});
