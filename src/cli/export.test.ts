import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { evaluated } from "../../test/evaluated.js";
import { sharedRun } from "../../test/shared-run.js";
import { runCli } from "./program.js";

let root = "";
const at = (name: string): string => join(root, name);

/** Runs the command here: a process for each of so many errors takes its time. */
async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const said = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      said[name] += String(text);
      return true;
    }),
  );
  try {
    return { code: await runCli(["export", ...args]), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

beforeAll(async () => {
  delete process.env["MLFLOW_TRACKING_URI"];
  root = await mkdtemp(join(tmpdir(), "holdfast-export-"));
  const one = evaluated([{ name: "one", images: "+++a-" }]);
  const two = evaluated([
    { name: "one", images: "+++a-" },
    { name: "two", images: "+++a-" },
  ]);
  const marks = { tool: "a", models: "b", plan: "c", images: "d" };
  const shard = { ...one, shard: { index: 1, count: 2, images: 10, marks, notes: [] } };
  const files = {
    one,
    two,
    shard,
    newer: { ...one, schemaVersion: 9 },
    check: { kind: "check", schemaVersion: 1 },
  };
  for (const [name, value] of Object.entries(files))
    await writeFile(at(`${name}.json`), JSON.stringify(value));
  await writeFile(at("one.json.partial"), "{}\n");
  await sharedRun(at("run"));
});
afterAll(() => rm(root, { recursive: true }));

test("histories of runs and results go into one folder, and what is sent to MLflow is told", async () => {
  const written = await run(at("run"), at("two.json"), "--to", "tensorboard", "--out", at("logs"));
  expect(written.code, written.stderr).toBe(0);
  expect((await readdir(at("logs"))).sort()).toEqual(["one-evaluation", "run", "two-evaluation"]);
  const asked: string[] = [];
  const answers = { experiment: { experiment_id: "1" }, run: { info: { run_id: "r" } } };
  const server = createServer((request, response) => {
    asked.push(request.url!);
    request.resume().on("end", () => response.end(JSON.stringify(answers)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sent = await run(at("one.json"), "--to", "mlflow", "--mlflow", address, "--experiment", "ex");
  await new Promise((resolve) => server.close(resolve));
  expect([sent.code, sent.stdout], sent.stderr).toEqual([0, "r\n"]);
  expect(sent.stderr).toContain(`${address}/#/experiments/1/runs/r`);
  expect(asked[0]).toBe("/api/2.0/mlflow/experiments/get-by-name?experiment_name=ex");
  const lost = await run(at("one.json"), "--to", "mlflow", "--mlflow", address);
  expect([lost.code, lost.stderr]).toEqual([1, expect.stringMatching(/refuses the connection/)]);
});

test("documents and tables go to standard output, or to a file", async () => {
  const card = await run(at("two.json"), "--to", "model-card", "--model", "two", "--out", at("README.md"));
  const table = await run(at("run"), "--to", "csv");
  expect([card.code, card.stdout], card.stderr).toEqual([0, `${at("README.md")}\n`]);
  expect(await readFile(at("README.md"), "utf8")).toMatch(/^---\npipeline_tag[\s\S]*\n---\n\n# two\n/);
  expect([table.code, table.stdout.split("\n")[0]], table.stderr).toEqual([
    0,
    expect.stringMatching(/^step,seconds,train\/loss/),
  ]);
});

test.each([
  [2, /--model: one, two/, ["two.json", "--to", "evidence"]],
  [2, /Measure it first: holdfast evaluate/, ["run", "--to", "model-card"]],
  [2, /takes one input, but 2 were given/, ["one.json", "two.json", "--to", "csv"]],
  [2, /Name the folder for them with --out/, ["run", "--to", "wandb"]],
  [2, /--mlflow: does not apply to --to csv/, ["one.json", "--to", "csv", "--mlflow", "http://x"]],
  [2, /needs the address of a server/, ["one.json", "--to", "mlflow"]],
  [2, /Allowed choices are tensorboard, wandb/, ["one.json", "--to", "pdf"]],
  [2, /would overwrite the input/, ["one.json", "--to", "csv", "--out", "one.json"]],
  [3, /is the saved state of an unfinished evaluation, not a result/, ["one.json.partial", "--to", "csv"]],
  [3, /is shard 1 of 2/, ["shard.json", "--to", "csv"]],
  [3, /schema version 9; this program reads version 1/, ["newer.json", "--to", "evidence"]],
  [3, /is not a holdfast result/, ["check.json", "--to", "evidence"]],
  [3, /does not exist/, ["missing.json", "--to", "evidence"]],
  [3, /the disk is full/, ["one.json", "--to", "csv", "--out", "/dev/full"]],
] as const)("exit code %i and %s", async (code, words, args) => {
  const paths = args.map((arg) => (/\.json|^run$/.test(arg) ? at(arg) : arg));
  const outcome = await run(...paths);
  expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringMatching(words)]);
});
