import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UsageError } from "../errors/index.js";
import { checkFolder, checkOutputs } from "./outputs.js";
import { runCli } from "./program.js";

let root = "";
const at = (...names: string[]): string => join(root, ...names);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "holdfast-outputs-"));
  mkdirSync(at("run"));
  writeFileSync(at("run", "model.onnx"), "a model");
  writeFileSync(at("model.onnx"), "another");
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

describe("an output is no input and no other output", () => {
  test.each(["model.onnx", "run/../model.onnx", "link.onnx", "hard.onnx", "run/model.onnx"])(
    "%s",
    async (name) => {
      symlinkSync(at("model.onnx"), at("link.onnx"));
      linkSync(at("model.onnx"), at("hard.onnx"));
      const check = checkOutputs({ "--out": at(name) }, { "the model": at("model.onnx"), run: at("run") });
      await expect(check).rejects.toThrow(UsageError);
    },
  );

  test("data whose split is named", async () => {
    writeFileSync(at("photos.csv"), "path,label\n");
    const check = checkOutputs({ "--out": at("photos.csv") }, {}, { "--data": `${at("photos.csv")}:test` });
    await expect(check).rejects.toThrow(/--out .* would overwrite --data: .*photos\.csv/);
  });

  test("two files to be", async () => {
    symlinkSync(root, at("again"));
    const check = checkOutputs({ "--out": at("x"), "--report": at("again", "x") }, {});
    await expect(check).rejects.toThrow(/--report .* would overwrite --out/);
  });

  test("others pass, and what is thrown away may be so twice", async () => {
    await checkOutputs({ "--out": at("run", "result.json"), "--report": at("report") }, { run: at("run") });
    if (process.platform !== "win32")
      await checkOutputs({ "--out": "/dev/null", "--report": "/dev/null" }, {});
  });

  test.each([
    ["evaluate", (model: string): string[] => ["evaluate", model, "--out", "x", "--report", "./x"]],
    ["evaluate's model", (model: string): string[] => ["evaluate", model, "--report", model]],
    ["attack", (model: string): string[] => ["attack", model, "--save", model]],
    ["report", (model: string): string[] => ["report", model, "--out", model]],
    ["data", (model: string): string[] => ["data", model, "--sheet", model]],
    ["data check", (model: string): string[] => ["data", "check", model, "--sheet", model]],
  ])("by the command %s", async (_, args) => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(await runCli(args(at("model.onnx")))).toBe(2);
    expect(said.mock.calls.join("")).toContain("would overwrite");
  });
});

describe("an output among the pictures of a data folder", () => {
  beforeEach(() => mkdirSync(at("photos", "cats"), { recursive: true }));

  test.each(["photos/cats/x.png", "photos/x.png", "link/cats/x.png", "photos/cats/result", "out.png"])(
    "%s",
    async (name) => {
      symlinkSync(at("photos"), at("link"));
      symlinkSync(at("photos", "cats", "1.png"), at("out.png"));
      for (const data of [at("photos"), at("link"), `${at("photos")}:test`]) {
        const check = checkOutputs({ "--save": at(name) }, {}, { "--data": data });
        await expect(check).rejects.toThrow(/--save .* lies in the folder of --data/);
      }
    },
  );

  test("others pass", async () => {
    for (const name of [
      "photos/result.json",
      "photos/cats/x.npz",
      "photos/report.HTML",
      "photos-2.png",
      "..x.png",
    ]) {
      await checkOutputs({ "--save": at(name) }, {}, { "--data": at("photos") });
    }
  });
});

describe("an output that could not be written is refused before any work", () => {
  test("an empty name, a folder, a missing folder, a file for a folder", async () => {
    await expect(checkOutputs({ "--report": "" }, {})).rejects.toThrow(/--report: is empty/);
    await expect(checkOutputs({ "--out": at("run") }, {})).rejects.toThrow(/run: is a folder, not a file/);
    await expect(checkOutputs({ "--out": at("no", "x") }, {})).rejects.toThrow(
      /x: its folder does not exist/,
    );
    await expect(checkOutputs({ "--out": at("model.onnx", "x") }, {})).rejects.toThrow(
      /treats a file as a folder/,
    );
    symlinkSync(at("no", "x"), at("dangling"));
    await expect(checkOutputs({ "--out": at("dangling") }, {})).rejects.toThrow(/its folder does not exist/);
  });

  test.runIf(process.getuid !== undefined && process.getuid() !== 0)(
    "a folder without permission",
    async () => {
      chmodSync(at("run"), 0o500);
      await expect(checkOutputs({ "--out": at("run", "x") }, {})).rejects.toThrow(/cannot be accessed/);
      chmodSync(at("run"), 0o700);
    },
  );

  test("a folder that is a file, also with --plan", async () => {
    for (const name of ["run", "new", "run/new/er"]) checkFolder("--out", at(name));
    expect(() => checkFolder("--out", "")).toThrow(/--out: is empty/);
    expect(() => checkFolder("--out", at("model.onnx", "x"))).toThrow(/lies in a file, .*model\.onnx/);
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const out = ["--out", at("model.onnx")];
    for (const command of [["train"], ["sweep", "--vary", "alpha=1"]]) {
      expect(await runCli([...command, "--data", "nowhere", ...out])).toBe(2);
      expect(await runCli([...command, "--data", "nowhere", "--out", ""])).toBe(2);
    }
    expect(said.mock.calls.join("").match(/is empty/g)).toHaveLength(2);
    expect(await runCli(["reproduce", "all", "--preset", "tiny", "--plan", ...out])).toBe(2);
    expect(said.mock.calls.join("")).toMatch(/--out .*model\.onnx: is a file, not a folder/);
  });

  test("by the commands", async () => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    expect(await runCli(["evaluate", "none.onnx", "--out", at("no", "x.json")])).toBe(3);
    expect(await runCli(["attack", "none.onnx", "--save", ""])).toBe(2);
    expect(said.mock.calls.join("")).toMatch(/its folder does not exist[^]*--save: is empty/);
  });
});
