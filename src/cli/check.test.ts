import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { smallNetwork } from "../../test/small-network.js";
import { writeSmallPhotos } from "../../test/small-photos.js";
import type { Verdict } from "../gate/index.js";
import { saveClassifier } from "../models/index.js";
import { runCli } from "./program.js";

let root = "";
let said = "";
const at = (name: string): string => join(root, name);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-check-"));
  await writeSmallPhotos(at("photos/test"));
  await saveClassifier(smallNetwork(), at("model.onnx"));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(() => {
  said = "";
  const hear = (text: unknown): boolean => {
    said += String(text);
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(hear);
  vi.spyOn(process.stderr, "write").mockImplementation(hear);
  vi.stubEnv("GITHUB_ACTIONS", "");
  vi.stubEnv("GITHUB_STEP_SUMMARY", at("summary.md"));
  return () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    process.exitCode = undefined;
  };
});

const config = (assert: string, more = ""): string => `models: { production: model.onnx }
data: photos:test
attack: fgsm
threats: [{ epsilon: 0.15 }]
assert:
  ${assert}
${more}`;

/** Runs the check of a configuration; its exit code and verdict. */
async function check(text: string, ...more: string[]): Promise<[number, Verdict | undefined]> {
  await writeFile(at("holdfast.yaml"), text);
  const args = ["--config", at("holdfast.yaml"), "--cache", at("cache"), "--threads", "1"];
  const reporters = `json=${at("verdict.json")},junit=${at("verdict.xml")},github`;
  await rm(at("verdict.json"), { force: true });
  const code = await runCli(["check", ...args, "--quiet", "--reporter", reporters, ...more]);
  const written = await readFile(at("verdict.json"), "utf8").catch(() => undefined);
  return [code, written === undefined ? undefined : (JSON.parse(written) as Verdict)];
}

test("what holds passes, what does not fails with its line, and the same is not measured twice", async () => {
  await writeFile(at("summary.md"), "");
  const [code, verdict] = await check(config("clean: { min: 0 }"));
  expect([code, verdict!.passed, verdict!.models[0]!.cached]).toEqual([0, true, false]);
  expect(await readFile(at("summary.md"), "utf8")).toContain("### holdfast check: passed");

  // Other assertions ask for nothing new.
  const [failed, again] = await check(config("robust@linf:0.15: { minLow: 0.999 }"));
  expect([failed, again!.passed, again!.models[0]!.cached]).toEqual([1, false, true]);
  expect(said).toContain(
    `line=6,title=production%3A robust@linf%3A0.15::production: robust@linf:0.15 minLow 0.999`,
  );
  expect(await readFile(at("verdict.xml"), "utf8")).toContain('failures="1"');

  const [warned] = await check(config("robust@linf:0.15: { minLow: 0.999, level: warn }"));
  expect(warned).toBe(0);
}, 120_000);

test("other images are measured, and what is kept of them is not trusted where it is damaged", async () => {
  await check(config("clean: { min: 0 }"));
  await appendFile(at("photos/test/notes.txt"), "x");
  const [, other] = await check(config("clean: { min: 0 }"));
  expect(other!.models[0]!.cached).toBe(false);
  const [, kept] = await check(config("clean: { min: 0 }"));
  expect(kept!.models[0]!.cached).toBe(true);
  for (const name of await readdir(at("cache"))) await writeFile(at(`cache/${name}`), "{");
  const [code, damaged] = await check(config("clean: { min: 0 }"));
  expect([code, damaged!.models[0]!.cached]).toEqual([0, false]);
  const [, none] = await check(config("clean: { min: 0 }"), "--no-cache");
  expect(none!.models[0]!.cached).toBe(false);
}, 120_000);

test("a baseline is written, and a model is no worse than itself", async () => {
  const text = config("clean: { min: 0 }", "baseline: base.json");
  expect((await check(text, "--cache", at("untouched")))[0]).toBe(2);
  expect(said).toMatch(/base\.json: does not exist\n.*--update-baseline/);
  // Before anything is measured.
  await expect(readdir(at("untouched"))).rejects.toThrow("ENOENT");
  expect((await check(text, "--update-baseline"))[0]).toBe(0);
  const [code, verdict] = await check(text);
  expect([code, verdict!.assertions.map(({ metric }) => metric)]).toEqual([
    0,
    ["clean", "baseline/clean", "baseline/fgsm@linf:0.15"],
  ]);
}, 120_000);

test("paths may be absolute, and nothing but results is left in the cache", async () => {
  const text = config("clean: { min: 0 }").replace("model.onnx", at("model.onnx")).replace("fgsm", "apgd");
  expect((await check(text.replace("photos:test", at("photos:test"))))[0]).toBe(0);
  expect((await readdir(at("cache"))).filter((name) => name.endsWith(".partial"))).toEqual([]);
}, 60_000);

test("what cannot be checked is said with its line, and exits with 2", async () => {
  expect((await check(config("cleen: { min: 0 }")))[0]).toBe(2);
  expect(said).toContain("line 6: assert.cleen");
  expect((await check(config("clean: { min: 0 }").replace("model.onnx", "none.onnx")))[0]).toBe(2);
  expect(said).toMatch(/none\.onnx: does not exist/);
  expect(await runCli(["check", "--config", at("none.yaml")])).toBe(2);
  expect(said).toMatch(/none\.yaml: does not exist\n.*holdfast init/);
}, 60_000);

test("init writes a configuration that can be read, and overwrites none", async () => {
  const out = at("new.yaml");
  const args = ["init", 'a "b": *c.onnx', "--data", "photos:test", "--out", out];
  expect(await runCli(args)).toBe(0);
  const { parseConfig } = await import("../gate/index.js");
  const { config: read } = parseConfig(await readFile(out, "utf8"), out);
  expect(read.models).toEqual({ production: { path: 'a "b": *c.onnx' } });
  expect(await runCli(args)).toBe(2);
  expect(said).toContain("already exists");
});
