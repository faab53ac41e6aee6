import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refusalOf } from "../../../test/refusal.js";
import { importedRun, noticesOf } from "../../../test/runs/imported-run.js";
import { InputError, InterruptedError } from "../../errors/index.js";
import { loadClassifier } from "../../models/index.js";
import { readModelFile, writeModelFile } from "../../onnx/index.js";
import { readRunConfig, resumeRun, trainRun, type ImportSettings, type RunOptions } from "../index.js";

const RESIDUAL = fileURLToPath(new URL("../../../test/fixtures/onnx/residual-17.onnx", import.meta.url));
const SORTED = ["aster", "daisy", "iris", "sunflower", "tulip"];
const ANOTHER = ["tulip", "aster", "daisy", "iris", "sunflower"];

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-imported-classes-"));
});
afterAll(() => rm(root, { recursive: true }));

/** A run of a model whose five outputs are called `outputs`, on data with these classes. */
async function run(
  name: string,
  outputs: readonly string[],
  classes: readonly string[],
  imported: ImportSettings = {},
): Promise<RunOptions> {
  const model = join(root, "named.onnx");
  const plain = await readModelFile(RESIDUAL);
  await writeModelFile(model, { ...plain, metadata: new Map([["names", JSON.stringify(outputs)]]) });
  return importedRun(root, name, model, { dataOptions: { perClass: 4, classes: [...classes] }, imported });
}

const exported = (name: string): Promise<Buffer> => readFile(join(root, name, "exported.onnx"));

describe("data with the model's classes in another order", () => {
  test("are trained as if they had been given in the model's, and the last layer is kept", async () => {
    const notices = await noticesOf(await run("mapped", ANOTHER, SORTED));
    expect(notices.slice(-2)).toEqual([
      expect.stringMatching(/classes in another order; they are matched by name/),
      expect.stringMatching(/its last layer is kept/),
    ]);
    await trainRun(await run("given", ANOTHER, ANOTHER));
    expect((await exported("mapped")).equals(await exported("given"))).toBe(true);
    expect((await loadClassifier(join(root, "mapped", "model.onnx"))).classNames).toEqual(ANOTHER);
  });

  test("are found whatever the capitals, with --head keep too, and a stopped run goes on with them", async () => {
    const outputs = ANOTHER.map((name) => name.toUpperCase());
    const options = await run("stopped", outputs, SORTED, { head: "keep" });
    const abort = new AbortController();
    const stopped = trainRun(options, {
      signal: abort.signal,
      onEvent: (event) => void (event.type === "step" && event.step === 1 && abort.abort()),
    });
    await expect(stopped).rejects.toThrow(InterruptedError);
    expect(await readRunConfig(options.out)).toMatchObject({
      classNames: ANOTHER,
      dataOptions: { classes: ANOTHER },
      imported: { newHead: false },
    });
    await resumeRun(options.out);
    await trainRun(await run("whole", outputs, SORTED));
    expect((await exported("stopped")).equals(await exported("whole"))).toBe(true);
  });

  test("stay in their order where the last layer is new", async () => {
    await trainRun(await run("new", ANOTHER, SORTED, { head: "new" }));
    expect((await readRunConfig(join(root, "new"))).classNames).toEqual(SORTED);
    const { metadata } = await readModelFile(join(root, "new", "exported.onnx"));
    expect(JSON.parse(metadata.get("names")!)).toEqual(SORTED);
  });
});

describe("data with only some of the model's classes", () => {
  const refused = async (options: RunOptions): Promise<InputError> => {
    const error = await refusalOf(trainRun(options), InputError);
    await expect(readdir(options.out)).rejects.toThrow(/ENOENT/);
    return error;
  };
  const keep = { head: "keep" } as const;

  test("do not keep a last layer whose outputs would be other classes", async () => {
    const others = ["tulip", "aster", "rose", "lily", "orchid"];
    const { message } = await refused(await run("permuted", others, SORTED, keep));
    expect(message).toMatch(/has "aster" of flowers:train as its output 1, but it is class 0 of the data/);
    expect(message).toContain("--classes");
    const notices = await noticesOf(await run("drawn", others, SORTED));
    expect(notices.at(-1)).toMatch(/has different classes from flowers:train[^]*it gets a new last layer/);
  });

  test("keep it where no name says otherwise", async () => {
    const others = ["aster", "marguerite", "flag", "helianthus", "tulip"];
    await trainRun(await run("synonyms", others, SORTED, keep));
    expect((await readRunConfig(join(root, "synonyms"))).imported).toMatchObject({ newHead: false });
  });

  test("of fewer classes draw a new one and say so, or are refused", async () => {
    const { message } = await refused(await run("fewer", ANOTHER, SORTED.slice(2), keep));
    expect(message).toMatch(/has 5 classes, but flowers:train has 3: its last layer cannot be kept/);
    const notices = await noticesOf(await run("three", ANOTHER, SORTED.slice(2)));
    expect(notices.at(-1)).toMatch(/has 5 classes, but the data have 3: it gets a new last layer/);
  });
});
