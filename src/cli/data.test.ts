import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { holdfast } from "../../test/runs/holdfast.js";
import type { DataCheck } from "../data/index.js";
import { RECIPES } from "../defences/index.js";
import { DEFAULT_TRAINING, withUsualValidation, type RunConfig } from "../training/index.js";
import { createTerminal } from "./terminal.js";
import { trainingOptions, type TrainOptions } from "./training-options.js";
import { newRun } from "./training-settings.js";

let root = "";
const CLASS = "\u001b[31mred\u202e<b>";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-cli-data-"));
  for (const [split, name] of [
    ["train", "cat"],
    ["train", CLASS],
    ["test", "cat"],
    ["test", CLASS],
  ] as const) {
    await mkdir(join(root, split, name), { recursive: true });
    const background = name === "cat" ? "#223344" : "#aa4422";
    const image = sharp({ create: { width: 40, height: 40, channels: 3, background } });
    await writeFile(join(root, split, name, "1.png"), await image.png().toBuffer());
  }
  await writeFile(join(root, "train", "cat", "2.jpg"), "");
});
afterAll(() => rm(root, { recursive: true }));

describe("data check", () => {
  test("lists what it found on stdout, with exit code 0", async () => {
    const { code, stdout, stderr } = await holdfast(["data", "check", root, "-q"]);
    expect(code, stderr).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toContain(`${root}: 5 images, 4 readable`);
    expect(stdout).toContain("1 unreadable:\n  train/cat/2.jpg: is empty");
    expect(stdout).toMatch(
      /same bytes, ACROSS SPLITS: train\/cat\/1\.png \(train, cat\) = test\/cat\/1\.png/,
    );
    expect(stdout).toContain("train/cat/1.png: has a single colour");
  });

  test("obeys no class name", async () => {
    const { stdout } = await holdfast(["data", "check", root]);
    expect(stdout).toContain("\\u001b[31mred\\u202e<b>");
    for (const character of ["\u001b", "\u202e"]) expect(stdout).not.toContain(character);
  });

  test("writes JSON and a contact sheet, wherever its options stand", async () => {
    // Among the pictures it would be one of them next time.
    const inside = await holdfast(["data", "check", root, "--sheet", join(root, "sheet.png")]);
    expect([inside.code, inside.stderr]).toEqual([
      2,
      expect.stringContaining("lies in the folder of the data"),
    ]);
    const sheet = `${root}-sheet.png`;
    const { code, stdout, stderr } = await holdfast(["data", "check", "--json", root, "--sheet", sheet]);
    expect(code, stderr).toBe(0);
    const check = JSON.parse(stdout) as DataCheck;
    expect(check.unreadable).toEqual([{ file: "train/cat/2.jpg", problem: "is empty" }]);
    expect(check.classes.map(({ name }) => name)).toContain(CLASS);
    expect((await sharp(sheet).metadata()).height).toBe(4 + 2 * 76);
    await rm(sheet);
  });

  test("of the classes asked for only", async () => {
    for (const name of ["dog", "eel"]) {
      await mkdir(join(root, "train", name));
      const image = sharp({ create: { width: 40, height: 40, channels: 3, background: "#0f0" } });
      await writeFile(join(root, "train", name, "1.png"), await image.png().toBuffer());
    }
    try {
      const args = ["data", "check", `${root}:train`, "--json", "--classes"];
      const { code, stdout, stderr } = await holdfast([...args, "cat,dog"]);
      expect(code, stderr).toBe(0);
      const check = JSON.parse(stdout) as DataCheck;
      expect(check.classes.map(({ name, images }) => [name, images])).toEqual([
        ["cat", 2],
        ["dog", 1],
      ]);
      expect(check.unreadable).toEqual([{ file: "train/cat/2.jpg", problem: "is empty" }]);
      const typo = await holdfast([...args, "cat,dgo"]);
      expect([typo.code, typo.stderr]).toEqual([2, expect.stringContaining('has no class "dgo"')]);
    } finally {
      for (const name of ["dog", "eel"]) await rm(join(root, "train", name), { recursive: true });
    }
  });

  test("says how many images have a key region", async () => {
    const none = await holdfast(["data", "check", root]);
    expect(none.stdout).toContain("key regions: none\n");
    await writeFile(join(root, "boxes.csv"), "file,x,y,width,height\ntest/cat/1.png,5,5,20,20\n");
    try {
      const some = await holdfast(["data", "check", root]);
      expect(some.stdout).toContain("key regions: for 1 of 5 images, from boxes\n");
      const test = await holdfast(["data", `${root}:test`]);
      expect(test.stdout).toContain("key regions: for 1 of 2 images, from boxes");
    } finally {
      await rm(join(root, "boxes.csv"));
    }
  });

  test("leaves nothing out, and knows no option to", async () => {
    for (const args of [
      [root, "--skip-unreadable"],
      ["--skip-unreadable", root],
    ]) {
      const { code, stdout, stderr } = await holdfast(["data", "check", ...args]);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain("unknown option '--skip-unreadable'");
    }
    expect((await holdfast(["data", "check", "--help"])).stdout).not.toContain("skip-unreadable");
  });

  test("has exit code 3 when nothing can be read, and 2 for what is no folder of images", async () => {
    const bad = join(root, "bad");
    for (const name of ["a", "b"]) {
      await mkdir(join(bad, name), { recursive: true });
      await writeFile(join(bad, name, "1.png"), "no picture");
    }
    const none = await holdfast(["data", "check", bad, "-q"]);
    expect([none.code, none.stdout]).toEqual([3, ""]);
    expect(none.stderr).toMatch(/none of its 2 images can be read/);
    expect((await holdfast(["data", "check", join(root, "nowhere")])).code).toBe(3);
    expect((await holdfast(["data", "check", "mnist"])).code).toBe(2);
    expect((await holdfast(["data", "check"])).code).toBe(2);
    expect((await holdfast(["data", "check", "--help"])).stdout).toContain("holdfast data check photos/");
  });
});

describe("what a terminal would obey is shown as its code", () => {
  test("in class and file names", async () => {
    const { code, stdout, stderr } = await holdfast(["data", root, "--skip-unreadable", "--size", "8"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("\\u001b[31mred\\u202e<b> (1)");
    expect(stdout).toContain("left out: train/cat/2.jpg: is empty");
    for (const character of ["\u001b", "\u202e"]) expect(stdout).not.toContain(character);
  });

  test("in error messages, whose lines stay", async () => {
    const { code, stderr } = await holdfast(["data", join(root, CLASS)]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/\\u001b\[31mred\\u202e<b>[^\n]*\n {2}\S/);
    for (const character of ["\u001b", "\u202e"]) expect(stderr).not.toContain(character);
  });
});

describe("images set aside for validation", () => {
  const MNIST = [
    "--limit",
    "60",
    "--batch-size",
    "16",
    "--recipe",
    "undefended",
    "--epochs",
    "1",
    "--threads",
    "1",
  ];

  test("are a fifth of a small folder by default, which is said, kept by the run and gone on with", async () => {
    const folder = join(root, "small");
    for (const name of ["a", "b"]) {
      await mkdir(join(folder, "train", name), { recursive: true });
      for (let i = 0; i < 6; i++) {
        const background = { r: 20 * i, g: name === "a" ? 0 : 200, b: 90 };
        const image = sharp({ create: { width: 28, height: 28, channels: 3, background } });
        await writeFile(join(folder, "train", name, `${i}.png`), await image.png().toBuffer());
      }
    }
    const run = join(root, "small-run");
    const args = [
      "--data",
      folder,
      "--size",
      "28",
      "--batch-size",
      "5",
      "--recipe",
      "undefended",
      "--epochs",
      "1",
    ];
    const { code, stderr } = await holdfast(["train", ...args, "--threads", "1", "--out", run]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("best weights by 2 validation images every 1 epoch(s)");
    const config = JSON.parse(await readFile(join(run, "config.json"), "utf8")) as RunConfig;
    expect(config.settings.validation.images).toBe(2);
    const again = await holdfast(["train", "--resume", run, "--validation", "1000"]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("validation.images is 2")]);
    expect((await holdfast(["train", "--resume", run])).code).toBe(0);
  });

  test("are 1000 of MNIST", async () => {
    const data = {
      data: "mnist",
      settings: { ...DEFAULT_TRAINING, recipe: RECIPES["pat"]!, seed: 0, threads: 1 },
    };
    const images = async (limit?: number): Promise<number> =>
      (await withUsualValidation({ ...data, limit })).settings.validation.images;
    expect([await images(), await images(5000), await images(4999), await images(4)]).toEqual([
      1000, 1000, 999, 0,
    ]);
  });

  test("more than there are is refused, with the option to change", async () => {
    const { code, stderr } = await holdfast([
      "train",
      ...MNIST,
      "--validation",
      "60",
      "--out",
      join(root, "none"),
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain("cannot split 60 images off 60: none would remain");
    expect(stderr).toContain("Lower --validation");
  });
});

test("what --skip-unreadable leaves out is counted and named", async () => {
  const folder = join(root, "some-bad");
  for (const split of ["train", "test"]) {
    for (const name of ["a", "b"]) {
      await mkdir(join(folder, split, name), { recursive: true });
      const image = sharp({ create: { width: 28, height: 28, channels: 3, background: "#246" } });
      await writeFile(join(folder, split, name, "1.png"), await image.png().toBuffer());
    }
  }
  for (let i = 0; i < 7; i++) await writeFile(join(folder, "test", "a", `bad\u001b${i}.png`), "");
  await writeFile(join(folder, "train", "b", "bad.png"), "");
  const run = join(root, "run");
  const data = ["--data", folder, "--size", "16", "--batch-size", "2", "--skip-unreadable", "--threads", "1"];
  const train = ["--epochs", "1", "--validation", "0", "--recipe", "undefended", "--out", run];
  const trained = await holdfast(["train", ...data, ...train]);
  expect(trained.code, trained.stderr).toBe(0);
  expect(trained.stderr).toContain(
    `warning: skipped in ${folder}:train: 1 file that cannot be decoded: train/b/bad.png\n`,
  );
  const quick = ["--steps", "1", "--no-checks"];
  for (const args of [
    ["attack", run, ...data, "--steps", "1"],
    ["evaluate", run, ...data, ...quick, "--epsilon", "0.1", "--out", join(root, "result.json")],
  ]) {
    const { code, stderr } = await holdfast(args);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("7 files that cannot be decoded: test/a/bad\\u001b0.png, ");
    expect(stderr).toMatch(/… and 2 more\n/);
  }
}, 120_000);

describe("a folder of class folders without splits", () => {
  const folder = (): string => join(root, "undivided");
  const note = (what: string): string => `${folder()}: The folder has no splits of its own: ${what}`;
  beforeAll(async () => {
    for (const name of ["a", "b"]) {
      await mkdir(join(folder(), name), { recursive: true });
      for (let i = 0; i < 5; i++) {
        const background = { r: 20 * i, g: name === "a" ? 0 : 200, b: 90 };
        const image = sharp({ create: { width: 16, height: 16, channels: 3, background } });
        await writeFile(join(folder(), name, `${i}.png`), await image.png().toBuffer());
      }
    }
  });

  test("is dealt by train, which says so, and whole for the others", async () => {
    const run = join(root, "undivided-run");
    const data = ["--data", folder(), "--size", "16", "--threads", "1", "--batch-size", "4"];
    const train = ["train", ...data, "--epochs", "1", "--recipe", "undefended", "--validation", "0"];
    const trained = await holdfast([...train, "--out", run]);
    expect(trained.code, trained.stderr).toBe(0);
    expect(trained.stderr).toContain(note("2 of its 10 images, stratified by class, are the test set"));
    const out = join(root, "undivided.json");
    const attacked = await holdfast(["attack", run, ...data, "--steps", "1"]);
    const evaluated = await holdfast(["evaluate", run, ...data, "--steps", "1", "--no-checks", "--out", out]);
    for (const { code, stderr } of [attacked, evaluated]) {
      expect(code, stderr).toBe(0);
      expect(stderr).toContain(note("all of its 10 images are used"));
      expect(stderr).toContain("10 of 10 images");
    }
    expect(attacked.stderr).toContain("classes: 0 a, 1 b\n");
    const names = join(root, "names.txt");
    await writeFile(names, "b\r\n\na\n");
    for (const command of [
      ["attack", run],
      ["evaluate", run, "--out", out],
    ]) {
      const { code, stderr } = await holdfast([...command, ...data, "--steps", "1", "--classes", names]);
      expect(code, stderr).toBe(3);
      expect(stderr).toContain('output 0 is "a", class 0 of the data "b"');
      expect(stderr).toContain("Give the data the model's order: --classes a,b.");
    }
    expect((await holdfast(["data", folder()])).stdout).toContain(": 10 images of 3");
    expect((await holdfast(["data", `${folder()}:test`])).stdout).toContain(": 2 images of 3");
  }, 120_000);

  test("is whole where a validation set is given, and so is that", async () => {
    const options = new Command().exitOverride();
    trainingOptions(options);
    const given = [
      "--data",
      folder(),
      "--validation-data",
      folder(),
      "--size",
      "16",
      "--recipe",
      "undefended",
    ];
    const said = options.parse(given, { from: "user" }).opts<TrainOptions>();
    const { dataOptions } = await newRun(said, createTerminal({ quiet: true }));
    expect(dataOptions?.whole).toBe(true);
  });
});
