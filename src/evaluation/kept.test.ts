import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { smallDataset, smallNetwork } from "../../test/small-network.js";
import { compile, type Device } from "../runtime/index.js";
import { evaluateModels, type EvaluateOptions, type Result } from "./index.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-kept-"));
});
afterAll(() => rm(folder, { recursive: true }));

const OPTIONS: EvaluateOptions = {
  epsilons: [0.05, 0.1],
  attack: "auto",
  examples: 3,
  batchSize: 16,
  threads: 1,
  seed: 3,
};

interface Run {
  readonly keepIn?: string;
  readonly options?: EvaluateOptions;
  /** Multiplies the logits. */
  readonly factor?: number;
  /** Progress events until it dies. */
  readonly dies?: number;
  /** Beside it a second model, with transfer between them. */
  readonly transfer?: boolean;
  readonly device?: Device;
}

/** The result, and how many outcomes were there when it began. */
async function evaluated({
  keepIn,
  options = OPTIONS,
  factor = 1,
  dies = Infinity,
  transfer = false,
  device,
}: Run): Promise<[Result, number]> {
  const dataset = smallDataset();
  let [events, found] = [0, 0];
  const model = {
    name: "small",
    classifier: smallNetwork({ output: (g, z) => g.op("Mul", [z, g.scalar(factor)]) }),
    info: { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" },
  };
  const second = { ...model, name: "darker", classifier: smallNetwork({ input: darker }) };
  const result = await evaluateModels(
    transfer ? [model, second] : [model],
    { dataset, population: dataset.length, seed: null },
    { ...options, transferFrom: transfer ? ["small", "darker"] : [] },
    {
      tool: { name: "holdfast", version: "0.0.0" },
      keepIn,
      device,
      onKept: (outcomes) => (found = outcomes),
      onEvent: ({ type }) => {
        if (type === "progress" && ++events === dies) throw new Error("killed");
      },
    },
  );
  return [result, found];
}

const darker: NonNullable<NonNullable<Parameters<typeof smallNetwork>[0]>["input"]> = (g, x) =>
  g.op("Mul", [g.op("Sub", [x, g.scalar(0.1)]), g.scalar(0.9)]);

/** All that a result says but for its times. */
const said = ({ measurements, examples, checks, warnings }: Result): unknown =>
  JSON.parse(
    JSON.stringify({ measurements, examples, checks, warnings }, (key, value: unknown) =>
      key === "seconds" ? 0 : value,
    ),
  );

test("an evaluation that is killed again and again goes on to the same result", async () => {
  const keepIn = join(folder, "killed.partial");
  const [whole] = await evaluated({});
  let before = 0;
  for (const dies of [10, 60, 100]) {
    await expect(evaluated({ keepIn, dies })).rejects.toThrow("killed");
    const lines = (await readFile(keepIn, "utf8")).split("\n").length;
    expect(lines).toBeGreaterThanOrEqual(before);
    before = lines;
    // What was being written when it was killed does not count.
    await appendFile(keepIn, '["small/0/0/47",{"cle');
  }
  const [result, found] = await evaluated({ keepIn });
  expect(found).toBeGreaterThan(20);
  expect(said(result)).toEqual(said(whole));
  const [again, all] = await evaluated({ keepIn });
  expect(all).toBeGreaterThan(found);
  expect(said(again)).toEqual(said(whole));
});

test("one that goes on on another device says so", async () => {
  const keepIn = join(folder, "device.partial");
  await expect(evaluated({ keepIn, dies: 60 })).rejects.toThrow("killed");
  // No GPU: the CPU under its name.
  const device: Device = { name: "webgpu", compile, use: () => ({ name: "webgpu", onCpu: ["Mod"] }) };
  const [{ statements, runtime }, found] = await evaluated({ keepIn, device });
  expect(found).toBeGreaterThan(0);
  expect(runtime.device).toEqual({ name: "webgpu", onCpu: ["Mod"] });
  expect(statements.join(" ")).toContain(
    "Some outcomes come from an earlier run on cpu, the others from webgpu",
  );
});

test("one with transfer between models goes on too, and asks the other models once", async () => {
  const keepIn = join(folder, "transfer.partial");
  const options = { ...OPTIONS, epsilons: [0.15] };
  const [whole] = await evaluated({ options, transfer: true });
  for (const dies of [60, 2400]) {
    await expect(evaluated({ keepIn, options, transfer: true, dies })).rejects.toThrow("killed");
  }
  const lines = (await readFile(keepIn, "utf8")).split("\n");
  expect(lines.filter((line) => line.includes('"scored":{"darker":')).length).toBeGreaterThan(10);
  const [result, found] = await evaluated({ keepIn, options, transfer: true });
  expect(found).toBeGreaterThan(30);
  expect(said(result)).toEqual(said(whole));
  // Where it is not known what the others said, the image is attacked again.
  const kept = (await readFile(keepIn, "utf8")).replace(/,"scored":\{"darker":[^}]*\}\}/, "");
  await writeFile(keepIn, kept);
  expect(said((await evaluated({ keepIn, options, transfer: true }))[0])).toEqual(said(whole));
  // All is there: a further run attacks nothing, and its transfer rows are the same.
  const [again] = await evaluated({ keepIn, options, transfer: true });
  expect(said(again)).toEqual(said(whole));
  const rows = again.measurements.filter(({ kind }) => kind === "transfer");
  const [third] = await evaluated({ keepIn, options, transfer: true });
  const rowsAgain = third.measurements.filter(({ kind }) => kind === "transfer");
  expect(rows.map(({ seconds }) => seconds)).toEqual(rowsAgain.map(({ seconds }) => seconds));
});

test("what was kept of another evaluation is not used, and what is no outcome is refused", async () => {
  const keepIn = join(folder, "other.partial");
  await evaluated({ keepIn });
  const [, found] = await evaluated({ keepIn, options: { ...OPTIONS, epsilons: [0.2] } });
  expect(found).toBe(0);
  // The same file, read in another way.
  const [, ofOther] = await evaluated({ keepIn, factor: 2, options: { ...OPTIONS, epsilons: [0.2] } });
  expect(ofOther).toBe(0);
  await evaluated({ keepIn, options: { ...OPTIONS, epsilons: [0.2] } });
  const lines = (await readFile(keepIn, "utf8")).trim().split("\n");
  const broken = lines.map((line, i) => (i === 1 ? line.replace(/"distance":[^,]*/, '"distance":-1') : line));
  await writeFile(keepIn, `${broken.join("\n")}\n`);
  await expect(evaluated({ keepIn, options: { ...OPTIONS, epsilons: [0.2] } })).rejects.toThrow(
    /other\.partial: part "[0-9a-f]{12}\/small\/0\/0\/\d+".*not a finished part/s,
  );
});

test("it goes on with other threads, in other batches and without its checks", async () => {
  const keepIn = join(folder, "otherwise.partial");
  // One ε is enough, as threads of tests side by side wait for each other.
  const options = { ...OPTIONS, epsilons: [0.1] };
  const [whole] = await evaluated({ options: { ...options, checks: false } });
  await expect(evaluated({ keepIn, options, dies: 60 })).rejects.toThrow("killed");
  const otherwise = { ...options, checks: false, threads: 2, batchSize: 11 };
  const [result, found] = await evaluated({ keepIn, options: otherwise });
  expect(found).toBeGreaterThan(10);
  expect(said(result)).toEqual(said(whole));
  // Products of fewer than four rows may be rounded otherwise.
  expect((await evaluated({ keepIn, options: { ...otherwise, batchSize: 3 } }))[1]).toBe(0);
});

test("what another evaluation writes to the same file at the same time is not taken for its own", async () => {
  const [mine, theirs] = ["mine", "theirs"].map((name) => join(folder, `${name}.partial`)) as [
    string,
    string,
  ];
  const [whole] = await evaluated({});
  await expect(evaluated({ keepIn: mine, dies: 60 })).rejects.toThrow("killed");
  await evaluated({ keepIn: theirs, factor: -1 });
  const others = (await readFile(theirs, "utf8")).split("\n").slice(1).join("\n");
  await appendFile(mine, others);
  const [result] = await evaluated({ keepIn: mine });
  expect(said(result)).toEqual(said(whole));
});
