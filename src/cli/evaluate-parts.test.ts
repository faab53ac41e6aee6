import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { holdfast } from "../../test/runs/holdfast.js";
import { smallNetwork } from "../../test/small-network.js";
import { writeSmallPhotos } from "../../test/small-photos.js";
import { unreadModel } from "../../test/unread-model.js";
import type { Result } from "../evaluation/index.js";
import { saveClassifier } from "../models/index.js";
import { writeModelFile } from "../onnx/index.js";

/** Parts of an evaluation on the command line: shards, a budget, an early end. */
let root = "";
let model = "";
const at = (name: string): string => join(root, name);
const common = (): string[] => ["--data", `${root}/photos:test`, "--threads", "1", "--epsilon", "0.15"];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-parts-"));
  model = at("plain.onnx");
  await writeSmallPhotos(at("photos/test"));
  await saveClassifier(smallNetwork(), model);
});
afterAll(() => rm(root, { recursive: true }));

async function written(path: string): Promise<string> {
  const result = JSON.parse(await readFile(path, "utf8")) as Result;
  return JSON.stringify({ ...result, date: "" }, (key, value: unknown) => (key === "seconds" ? 0 : value));
}

describe("shards", () => {
  const quick = (): string[] => [model, ...common(), "--steps", "5", "--examples", "2"];

  test("are merged into the result of one run, without the model and the images", async () => {
    // Checks are made of a whole alone.
    const whole = await holdfast(["evaluate", ...quick(), "--no-checks", "--out", at("whole.json")]);
    expect(whole.code, whole.stderr).toBe(0);
    for (const index of [1, 2]) {
      const args = ["evaluate", ...quick(), "--shard", `${index}/2`, "--out", at(`shard-${index}.json`)];
      const { code, stderr } = await holdfast(args);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain(`shard ${index} of 2`);
    }
    const shards = [at("shard-2.json"), at("shard-1.json")];
    const report = ["--report", at("merged.html")];
    const merged = await holdfast(["merge", at("merged.json"), ...shards, ...report]);
    expect(merged.code, merged.stderr).toBe(0);
    expect(merged.stdout).toBe(whole.stdout);
    expect(await written(at("merged.json"))).toBe(await written(at("whole.json")));
    expect(await readFile(at("merged.html"), "utf8")).toContain("<!doctype html>");
    const gated = await holdfast(["merge", at("gated.json"), ...shards, "--fail-below", "1"]);
    expect([gated.code, gated.stderr]).toEqual([1, expect.stringContaining("is below 100.0 %")]);
  });

  test("that are missing, or are none, are named", async () => {
    const alone = await holdfast(["merge", at("never.json"), at("shard-1.json")]);
    expect([alone.code, alone.stderr]).toEqual([3, expect.stringContaining("one is missing: 2/2")]);
    const mixed = await holdfast(["merge", at("never.json"), at("shard-1.json"), at("photos")]);
    expect([mixed.code, mixed.stderr]).toEqual([2, expect.stringContaining("is a file, but")]);
    await writeFile(at("no.json"), "{}");
    const none = await holdfast(["merge", at("never.json"), at("no.json")]);
    expect([none.code, none.stderr]).toEqual([3, expect.stringContaining("not a holdfast result")]);
    const own = await holdfast(["merge", at("shard-1.json"), at("shard-1.json"), at("shard-2.json")]);
    expect([own.code, own.stderr]).toEqual([2, expect.stringContaining("would overwrite")]);
    const folders = await holdfast(["merge", at("into"), at("photos"), "--report", at("x.html")]);
    expect([folders.code, folders.stderr]).toEqual([
      2,
      expect.stringContaining("does not apply to the folders"),
    ]);
    expect(await readdir(root)).not.toContain("never.json");
  });

  test("decide nothing alone", async () => {
    const { code, stderr } = await holdfast([
      "evaluate",
      ...quick(),
      "--shard",
      "1/2",
      "--fail-below",
      "0.5",
    ]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("give it to holdfast merge")]);
  });
});

describe("--end-early", () => {
  test("ends when --fail-below is certain, and prints a bound", async () => {
    const args = [model, ...common(), "--fail-below", "0.9", "--end-early", "--out", at("early.json")];
    const { code, stdout, stderr } = await holdfast(["evaluate", ...args]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("accuracy under attack is below 90.0 %")]);
    expect(stdout).toMatch(/auto +L∞ 0\.15 +≤ \d+\.\d %/);
    expect(stdout).toContain("was certain to keep less than 90.0 %");
    expect(await readdir(root)).not.toContain("early.json.partial");
    const alone = await holdfast(["evaluate", model, ...common(), "--end-early"]);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining("has no threshold to decide")]);
    const curve = await holdfast(["evaluate", ...args, "--curve"]);
    expect([curve.code, curve.stderr]).toEqual([
      2,
      expect.stringMatching(/--curve: would not be run: --end-early stops .* before the curve\n +Omit one/),
    ]);
  });
});

test("a line before the evaluation says what is made, checks and the curve where they are", async () => {
  const note = async (of: string, ...args: string[]): Promise<string> => {
    const quick = [...common(), "--limit", "3", "--steps", "1", "--out", at("note.json")];
    // The line is all that is asked for: what follows it is stopped.
    return (await holdfast(["evaluate", of, ...quick, ...args], { at: " left | ", signal: "SIGKILL" }))
      .stderr;
  };
  expect(await note(model, "--curve", "2")).toMatch(
    /the curve over ε: FMN, 2 gradients per image.*then the checks/s,
  );
  for (const without of [["--no-checks"], ["--budget", "1h"], ["--shard", "1/2"]]) {
    expect(await note(model, ...without)).not.toContain("then the checks");
  }
  await writeModelFile(at("unread.onnx"), unreadModel());
  const blind = await note(at("unread.onnx"), "--curve", "2");
  expect(blind).toContain("without a gradient");
  expect(blind).not.toContain("the curve over ε");
  for (const [command, said] of [
    ["merge", "--no-checks"],
    ["evaluate", "--budget and --end-early skip all but the last, --shard all"],
  ] as const) {
    expect((await holdfast([command, "--help"])).stdout.replace(/\s+/g, " ")).toContain(said);
  }
});

describe("--budget", () => {
  test("ends in time, says what was not done, and passes no gate that is not certain", async () => {
    const args = [model, ...common(), "--budget", "0.05s", "--fail-below", "0.3", "--out", at("short.json")];
    const { code, stdout, stderr } = await holdfast(["evaluate", ...args]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("it lies between")]);
    expect(stdout).toMatch(/≤ \d+\.\d %/);
    expect(stdout).toContain("depends on the speed of the machine");
    expect(stdout).toMatch(
      /warning: The budget of 0\.05 s ran out.*Square \+ APGD \d+ of \d+ images unfinished/,
    );
  });
});
