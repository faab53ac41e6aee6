import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InputError, UsageError } from "../../errors/index.js";
import { createGenerator } from "../../tensor/index.js";
import { createLoader, datasetInfo, openDataset } from "../index.js";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-data-"));
});
afterEach(() => rm(root, { recursive: true }));

type Format = "png" | "jpeg" | "webp";

async function photo(
  path: string,
  colour: string,
  format: Format = "png",
  width = 20,
  height = 12,
): Promise<void> {
  await mkdir(join(root, path, ".."), { recursive: true });
  const image = sharp({ create: { width, height, channels: 3, background: colour } });
  await writeFile(join(root, path), await image.toFormat(format).toBuffer());
}

async function twoClasses(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await photo(`cat/${i}.png`, "#ff0000");
    await photo(`dog/${i}.jpg`, "#0000ff", "jpeg");
  }
}

describe("a folder with one folder per class", () => {
  test("is dealt into train and test by a seed, and says so", async () => {
    await twoClasses();
    const train = await openDataset(root, { size: { height: 8, width: 8 } });
    const test = await openDataset(`${root}:test`, { size: { height: 8, width: 8 } });
    expect([train.length, test.length]).toEqual([8, 2]);
    const names = (d: typeof train): string[] => Array.from({ length: d.length }, (_, i) => d.fileName(i));
    expect(new Set([...names(train), ...names(test)]).size).toBe(10);
    expect(datasetInfo(train).description).toMatch(/2 of its 10 images, stratified/);
    expect(train.classNames).toEqual(["cat", "dog"]);
    expect((await openDataset(`${root}:all`, {})).length).toBe(10);
  });

  test("is used whole by an evaluation, with a note; a named split is dealt", async () => {
    await twoClasses();
    const notes: string[] = [];
    const measured = {
      split: "test",
      whole: true,
      onUndivided: (_: string, note: string) => notes.push(note),
    };
    const whole = await openDataset(root, measured);
    expect([whole.length, whole.split]).toEqual([10, "all"]);
    expect(whole.description).toContain("all of its 10 images are used");
    expect((await openDataset(`${root}:test`, measured)).length).toBe(2);
    expect((await openDataset(`${root}:train`, measured)).length).toBe(8);
    expect(notes.map((note) => /all of its 10|2 of its 10/.exec(note)?.[0])).toEqual([
      "all of its 10",
      "2 of its 10",
      "2 of its 10",
    ]);
    // Of those, some may be left out.
    await openDataset(root, { ...measured, skipUnreadable: true });
    expect(notes.at(-1)).toMatch(/all of its 10 images are used, except those that cannot be decoded\.$/);
    // What the owner has split is not put together again.
    for (const name of ["cat", "dog"]) await rm(join(root, name), { recursive: true });
    for (const split of ["train", "test"]) {
      for (const name of ["cat", "dog"]) await photo(`${split}/${name}/1.png`, "#fff");
    }
    expect((await openDataset(root, measured)).length).toBe(2);
  });

  test("keeps the owner's splits, whatever they are called", async () => {
    for (const split of ["training_set", "test_set"]) {
      await photo(`${split}/cats/a.png`, "#fff");
      await photo(`${split}/dogs/b.webp`, "#000", "webp");
    }
    await photo("training_set/cats/c.png", "#fff");
    expect((await openDataset(root, {})).length).toBe(3);
    expect((await openDataset(`${root}:test`, {})).length).toBe(2);
    await expect(openDataset(`${root}:all`, {})).rejects.toThrow(UsageError);
  });

  test("knows split names in capitals, and a class of such a name", async () => {
    for (const split of ["Training", "TEST"]) {
      for (const name of ["cat", "dog"]) await photo(`scans/${split}/${name}/1.png`, "#fff");
    }
    const scans = join(root, "scans");
    expect((await openDataset(scans)).fileName(0)).toBe(join("Training", "cat", "1.png"));
    expect((await openDataset(`${scans}:test`)).length).toBe(2);
    for (const name of ["Bus", "Train"]) await photo(`vehicles/${name}/1.png`, "#fff");
    expect((await openDataset(`${join(root, "vehicles")}:all`)).classNames).toEqual(["Bus", "Train"]);
  });

  test("sorts numbers by value, other names by their characters", async () => {
    const numbers = Array.from({ length: 12 }, (_, i) => String(i));
    for (const name of numbers) await photo(`digits/${name}/1.png`, "#fff");
    const digits = await openDataset(`${join(root, "digits")}:all`);
    expect([digits.classNames, Array.from(digits.labels)]).toEqual([numbers, numbers.map(Number)]);
    expect(digits.fileName(10)).toBe(join("10", "1.png"));
    for (const name of ["10", "9", "x"]) await photo(`mixed/${name}/1.png`, "#fff");
    expect((await openDataset(`${join(root, "mixed")}:all`)).classNames).toEqual(["10", "9", "x"]);
  });

  test("treats two Unicode forms of a name as one class", async () => {
    await photo("train/caf\u00e9/1.png", "#fff");
    await photo("train/cafe\u0301/2.png", "#fff");
    await photo("train/dog/1.png", "#fff");
    await photo("test/cafe\u0301/3.png", "#fff");
    await photo("test/dog/2.png", "#fff");
    for (const [split, count] of [
      ["train", 3],
      ["test", 2],
    ] as const) {
      const dataset = await openDataset(`${root}:${split}`, { classes: ["cafe\u0301", "dog"] });
      expect([dataset.classNames, dataset.length]).toEqual([["caf\u00e9", "dog"], count]);
      for (let i = 0; i < count; i++) {
        await dataset.read(i, new Float32Array(dataset.channels * dataset.height * dataset.width));
      }
    }
  });

  test("keeps only the requested classes, relabelled; an unknown class is answered with the nearest", async () => {
    for (const name of ["ant", "bee", "cat", "dog"]) {
      for (const split of ["train", "test"]) await photo(`${split}/${name}/1.png`, "#fff");
    }
    const some = await openDataset(root, { classes: ["dog", "bee"] });
    expect([some.classNames, Array.from(some.labels), some.fileName(1)]).toEqual([
      ["dog", "bee"],
      [1, 0],
      join("train", "dog", "1.png"),
    ]);
    await expect(openDataset(root, { classes: ["dog", "cet"] })).rejects.toThrow(
      /has no class "cet"[^]*"cat"/,
    );
    await expect(openDataset(root, { classes: ["dog"] })).rejects.toThrow(/two or more/);
    await expect(openDataset(root, { classes: ["dog", "dog"] })).rejects.toThrow(
      /class "dog" is named twice/,
    );
  });

  test("val is the owner's if it lies beside a test set, else the test set", async () => {
    for (const split of ["train", "val", "test"]) {
      await photo(`${split}/cats/${split}-a.png`, "#fff");
      await photo(`${split}/dogs/${split}-b.png`, "#000");
    }
    const first = async (split: string): Promise<string> =>
      (await openDataset(`${root}:${split}`)).fileName(0);
    expect(await first("val")).toBe("val/cats/val-a.png");
    expect(await first("test")).toBe("test/cats/test-a.png");
    await rm(join(root, "val"), { recursive: true });
    expect(await first("val")).toBe("test/cats/test-a.png");
    await rename(join(root, "test"), join(root, "validation"));
    expect(await first("val")).toBe("validation/cats/test-a.png");
    expect(await first("test")).toBe("validation/cats/test-a.png");
  });

  test("a class that one split lacks moves no label of another split", async () => {
    for (const name of ["ant", "bee", "cat"]) await photo(`train/${name}/a.png`, "#fff");
    for (const name of ["bee", "cat", "dog"]) await photo(`test/${name}/a.png`, "#fff");
    await mkdir(join(root, "test", "empty"));
    for (const split of ["train", "test"]) {
      const dataset = await openDataset(`${root}:${split}`);
      expect(dataset.classNames).toEqual(["ant", "bee", "cat", "dog"]);
      const named = Array.from(dataset.labels, (label) => dataset.classNames[label]!);
      named.forEach((name, i) => expect(dataset.fileName(i)).toBe(`${split}/${name}/a.png`));
      expect(dataset.length).toBe(3);
    }
  });

  test("gives the same bytes in worker threads and in this one", async () => {
    await twoClasses();
    const dataset = await openDataset(root, { size: { height: 8, width: 8 } });
    const batches: Float32Array[] = [];
    for (const workers of [0, 2]) {
      const options = {
        batchSize: 4,
        random: createGenerator(1),
        workers,
        augmentation: { horizontalFlip: 0.5 },
      };
      const loader = createLoader(dataset, options);
      batches.push((await loader.batch(1)).images);
      await loader.dispose();
    }
    expect(batches[0]).toEqual(batches[1]);
  });
});

describe("unreadable folders", () => {
  const refusal = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  };

  test("no such folder, an empty one, one class, no images", async () => {
    expect(await refusal(openDataset(join(root, "nothing")))).toMatch(
      /neither an existing path nor a known dataset/,
    );
    await writeFile(join(root, "model.onnx"), "");
    expect(await refusal(openDataset(join(root, "model.onnx")))).toMatch(
      /model\.onnx": is not an archive or table of/,
    );
    expect(await refusal(openDataset("mnits"))).toMatch(/Did you mean "mnist"/);
    expect(await refusal(openDataset(root))).toMatch(/no folder with JPEG, PNG or WebP/);
    await photo("only/1.png", "#fff");
    expect(await refusal(openDataset(root))).toMatch(/only one class, "only"/);
  });

  test.each([
    ["empty", new Uint8Array(), /is empty/],
    [
      "no image",
      new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg'/>"),
      /not a JPEG, PNG or WebP/,
    ],
  ])("a file that is %s is named when read, or skipped and listed", async (_, bytes, words) => {
    await twoClasses();
    await writeFile(join(root, "cat", "bad.png"), bytes);
    const whole = await openDataset(`${root}:all`, {});
    const bad = Array.from({ length: whole.length }, (_, i) => whole.fileName(i)).indexOf("cat/bad.png");
    const out = new Float32Array(whole.channels * whole.height * whole.width);
    expect(await refusal(Promise.resolve(whole.read(bad, out)))).toMatch(words);
    const kept = await openDataset(`${root}:all`, { skipUnreadable: true });
    expect(kept.length).toBe(10);
    expect(kept.skipped!.map(({ file }) => file)).toEqual(["cat/bad.png"]);
  });

  test("a link cycle counts as one unreadable file", async () => {
    await twoClasses();
    const round = join(root, "cat", "round.png");
    await symlink(round, round);
    const kept = await openDataset(`${root}:all`, { skipUnreadable: true });
    expect(kept.skipped).toEqual([{ file: "cat/round.png", problem: "leads through circular links" }]);
    expect(await refusal(openDataset("x".repeat(5000)))).toMatch(
      /neither an existing path nor a known dataset/,
    );
  });

  test("a truncated JPEG is named, also from a worker thread", async () => {
    await twoClasses();
    const noise = sharp(Buffer.from(Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 256)), {
      raw: { width: 64, height: 64, channels: 3 },
    });
    const bytes = await noise.jpeg().toBuffer();
    await writeFile(join(root, "cat", "cut.jpg"), bytes.subarray(0, bytes.length / 2));
    const dataset = await openDataset(`${root}:all`, { size: { height: 8, width: 8 } });
    for (const workers of [0, 1]) {
      const options = { batchSize: 11, random: createGenerator(1), shuffle: false, workers };
      const loader = createLoader(dataset, options);
      expect(await refusal(loader.batch(0))).toMatch(/cut\.jpg: cannot be decoded/);
      await loader.dispose();
    }
  });

  test("a picture of 289 megapixels is refused before it is decoded", async () => {
    await twoClasses();
    // A PNG header that claims 17000 × 17000; the rest never matters.
    const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#fff" } })
      .png()
      .toBuffer();
    png.writeUInt32BE(17_000, 16);
    png.writeUInt32BE(17_000, 20);
    await writeFile(join(root, "cat", "bomb.png"), png);
    const kept = await openDataset(`${root}:all`, { skipUnreadable: true });
    expect(kept.skipped!.map(({ file }) => file)).toEqual(["cat/bomb.png"]);
  });
});
