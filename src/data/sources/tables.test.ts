import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDataset } from "../index.js";

let root = "";
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), "holdfast-tables-"))));
afterEach(() => rm(root, { recursive: true }));

const refusal = (spec: string): Promise<string> =>
  openDataset(spec).then(
    () => "opened",
    (error: unknown) => (error as Error).message,
  );

describe("CIFAR", () => {
  /** Image i of a file: label byte(s), then red i, green 100 + i, blue 200 + i, its first red pixel 7. */
  const batch = (labels: readonly number[], coarse: boolean): Buffer =>
    Buffer.concat(
      labels.map((label, i) => {
        const planes = [i, 100 + i, 200 + i].map((value) => Buffer.alloc(1024, value));
        planes[0]![0] = 7;
        return Buffer.concat([Buffer.from(coarse ? [0, label] : [label]), ...planes]);
      }),
    );
  const ten = (): Record<string, Buffer | string> => ({
    ...Object.fromEntries([1, 2, 3, 4, 5].map((i) => [`data_batch_${i}.bin`, batch([i, 9], false)])),
    "test_batch.bin": batch([3], false),
    "batches.meta.txt": `${"airplane automobile bird cat deer dog frog horse ship truck".split(" ").join("\n")}\n\n`,
  });
  const unpack = async (files: Record<string, Buffer | string>): Promise<string> => {
    const folder = join(root, "cifar");
    await mkdir(folder);
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
    return folder;
  };

  test("CIFAR-10 from its folder: labels, planes and names", async () => {
    const folder = await unpack(ten());
    const train = await openDataset(folder);
    expect([train.length, Array.from(train.labels)]).toEqual([10, [1, 9, 2, 9, 3, 9, 4, 9, 5, 9]]);
    expect([train.classNames[3], train.channels, train.height, train.width]).toEqual(["cat", 3, 32, 32]);
    const out = new Float32Array(3072);
    await train.read(1, out);
    expect([out[0]! * 255, out[1]! * 255, out[1024]! * 255, out[2048]! * 255].map(Math.round)).toEqual([
      7, 1, 101, 201,
    ]);
    expect((await openDataset(`${folder}:test`)).length).toBe(1);
    const some = await openDataset(folder, { classes: ["truck", "bird"] });
    expect([some.classNames, Array.from(some.labels)]).toEqual([
      ["truck", "bird"],
      [0, 1, 0, 0, 0, 0],
    ]);
    await some.read(1, out);
    expect(Math.round(out[1]! * 255)).toBe(0);
    await expect(openDataset(folder, { classes: ["truck", "brid"] })).rejects.toThrow(
      /no class "brid"[^]*"bird"/,
    );
    const small = await openDataset(folder, { size: { height: 16, width: 16 } });
    await small.read(1, out.subarray(0, 768));
    expect([out[5]! * 255, out[256]! * 255].map(Math.round)).toEqual([1, 101]);
  });

  test("CIFAR-100 from its archive, by the fine labels", async () => {
    const names = Array.from({ length: 100 }, (_, i) => `class${i}`).join("\n");
    const writer = pack();
    const files = {
      "train.bin": batch([99, 4], true),
      "test.bin": batch([50], true),
      "fine_label_names.txt": names,
    };
    for (const [name, bytes] of Object.entries(files))
      writer.entry({ name: `cifar-100-binary/${name}` }, bytes);
    writer.finalize();
    const path = join(root, "cifar-100-binary.tar.gz");
    await writeFile(path, gzipSync(await buffer(writer)));
    const train = await openDataset(path);
    expect([train.classNames.length, Array.from(train.labels)]).toEqual([100, [99, 4]]);
  });

  test("truncated, with a label out of range, or with a file missing: the file is named", async () => {
    const folder = await unpack({ ...ten(), "data_batch_2.bin": batch([1], false).subarray(0, 2000) });
    expect(await refusal(folder)).toMatch(/data_batch_2.bin: has 2000 bytes/);
    await writeFile(join(folder, "data_batch_2.bin"), batch([1, 10], false));
    expect(await refusal(folder)).toMatch(/label 10 of image 1 is out of range 0 … 9/);
    await rm(join(folder, "data_batch_3.bin"));
    await writeFile(join(folder, "data_batch_2.bin"), batch([1], false));
    expect(await refusal(folder)).toMatch(/data_batch_3.bin/);
  });
});

describe("a CSV table of images", () => {
  const size = { size: { height: 4, width: 4 } };
  const table = async (text: string): Promise<string> => {
    await mkdir(join(root, "img"), { recursive: true });
    const red = await sharp({ create: { width: 5, height: 5, channels: 3, background: "#f00" } })
      .png()
      .toBuffer();
    for (let i = 0; i < 10; i++) await writeFile(join(root, "img", `${i}, photo.png`), red);
    const path = join(root, "labels.csv");
    await writeFile(path, text);
    return path;
  };
  const lines = (more: (i: number) => string = () => ""): string =>
    Array.from({ length: 10 }, (_, i) => `"img/${i}, photo.png",${i % 2 ? "dog" : "cat"}${more(i)}\r\n`).join(
      "",
    );

  test("with quotes and other column names is dealt by the seed", async () => {
    const path = await table(`\uFEFFFile_Name,Class\r\n${lines()}`);
    const [train, held] = [await openDataset(path, size), await openDataset(`${path}:test`, size)];
    expect([train.length, held.length, train.classNames]).toEqual([8, 2, ["cat", "dog"]]);
    const whole = await openDataset(path, { ...size, split: "test", whole: true });
    expect([whole.length, whole.split]).toEqual([10, "all"]);
    const out = new Float32Array(48);
    await train.read(0, out);
    expect([out[0], out[16]]).toEqual([1, 0]);
  });

  test("decodes only the requested classes", async () => {
    const path = await table(
      `path,label,split\n${lines(() => ",train")}nowhere.png,fish,train\nno.png,fish,test\n`,
    );
    const some = await openDataset(path, { ...size, classes: ["dog", "cat"], skipUnreadable: true });
    expect([some.classNames, some.length, some.skipped]).toEqual([["dog", "cat"], 10, undefined]);
    expect([some.labels[0], some.fileName(1)]).toEqual([1, "img/1, photo.png"]);
    await expect(openDataset(path, { classes: ["cat", "fsh"] })).rejects.toThrow(/no class "fsh"[^]*"fish"/);
  });

  test("sorts numeric labels by value, and treats two Unicode forms of a name as one class", async () => {
    const numbered = await table(
      `path,label\n${Array.from({ length: 12 }, (_, i) => `img/${i}.png,${(i * 7) % 12}\n`).join("")}`,
    );
    const { classNames, labels } = await openDataset(`${numbered}:all`, size);
    expect(classNames).toEqual(Array.from({ length: 12 }, (_, i) => String(i)));
    expect(Array.from(labels)).toEqual(Array.from({ length: 12 }, (_, i) => (i * 7) % 12));
    const forms = await table("path,label\na,caf\u00e9\nb,cafe\u0301\nc,dog\n");
    expect((await openDataset(`${forms}:all`, size)).classNames).toEqual(["caf\u00e9", "dog"]);
  });

  test("keeps its own splits", async () => {
    const path = await table(
      `path,label,split\n${lines((i) => `,${["train", "train", "valid", "valid"][i] ?? "Test"}`)}`,
    );
    const counts = [];
    for (const split of ["train", "val", "test"])
      counts.push((await openDataset(`${path}:${split}`, size)).length);
    expect(counts).toEqual([2, 2, 6]);
    const held = await table(`path,label,split\n${lines((i) => (i < 4 ? ",train" : ",val"))}`);
    expect((await openDataset(`${held}:val`, size)).split).toBe("test");
  });

  test("refuses a picture with two classes, but not one listed twice", async () => {
    const twice = await table("path,label\na.png,cat\nb.png,dog\n./a.png,dog\n");
    expect(await refusal(twice)).toMatch(/line 4: labels .*a\.png "dog", but line 2 labels it "cat"/);
    const same = await table("path,label\na.png,cat\nb.png,dog\n./a.png,cat\n");
    expect((await openDataset(`${same}:all`, size)).length).toBe(3);
  });

  test.each([
    ["without its columns", "name,kind\na,b\n", /has the columns name, kind; it needs "path" and "label"/],
    [
      "a path out of the folder",
      "path,label\n../../etc/passwd,cat\n",
      /line 2: "\.\.\/\.\.\/etc\/passwd" leads out/,
    ],
    ["absolute", "path,label\nimg/1.png,dog\n/etc/passwd,cat\n", /line 3: "\/etc\/passwd" leads out/],
    ["a line too long", "path,label\na,b,c\n", /Invalid Record Length.*line 2/],
    ["a quote without end", 'path,label\n"a,b\n', /Quote/],
    ["an unknown split", "path,label,split\na,b,dev\n", /line 2: "dev" is not a split/],
    ["one class", "path,label\na,b\n", /only one class, "b"/],
    ["nothing", "path,label\n", /no lines after its header/],
    ["a line without a label", "path,label\na,\n", /line 2: has no path or no label/],
  ])("%s: the line is named", async (_, text, words) => {
    expect(await refusal(await table(text))).toMatch(words);
  });
});
