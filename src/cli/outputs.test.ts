import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UsageError } from "../errors/index.js";
import { checkOutputs } from "./outputs.js";
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
  test.each(["model.onnx", "run/../model.onnx", "link.onnx", "hard.onnx", "run/model.onnx"])("%s", (name) => {
    symlinkSync(at("model.onnx"), at("link.onnx"));
    linkSync(at("model.onnx"), at("hard.onnx"));
    const check = (): void =>
      checkOutputs({ "--out": at(name) }, { "the model": at("model.onnx"), run: at("run") });
    expect(check).toThrow(UsageError);
  });

  test("data whose split is named", () => {
    writeFileSync(at("photos.csv"), "path,label\n");
    const check = (): void =>
      checkOutputs({ "--out": at("photos.csv") }, { "--data": `${at("photos.csv")}:test` });
    expect(check).toThrow(/--out .* would overwrite --data: .*photos\.csv/);
  });

  test("two files to be", () => {
    symlinkSync(root, at("again"));
    const check = (): void => checkOutputs({ "--out": at("x"), "--report": at("again", "x") }, {});
    expect(check).toThrow(/--report .* would overwrite --out/);
  });

  test("others pass, and what is thrown away may be so twice", () => {
    checkOutputs({ "--out": at("run", "result.json"), "--report": at("no", "folder") }, { run: at("run") });
    if (process.platform !== "win32") checkOutputs({ "--out": "/dev/null", "--report": "/dev/null" }, {});
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
