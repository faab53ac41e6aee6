import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-telemetry-"));
});
afterEach(() => rm(root, { recursive: true }));

const GRAPH = `
  const { GraphBuilder } = await import("./src/graph/index.js");
  const { float32 } = await import("./src/tensor/index.js");
  const g = new GraphBuilder("one");
  g.output(g.op("Neg", [g.input("x", "float32", [1])]), "y");
  const run = async (compile) => {
    const program = await compile(g.build());
    await program.run({ x: float32([1], [1]) });
    await program.dispose();
  };`;

/** Runs a script in a process whose every folder to write to is empty; the files it leaves there. */
async function filesLeftBy(script: string): Promise<string[]> {
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const folders = {
    HOME: root,
    XDG_CACHE_HOME: root,
    XDG_DATA_HOME: root,
    TMPDIR: root,
    TMP: root,
    TEMP: root,
  };
  const child = spawn(
    process.execPath,
    ["--import", "./test/typescript/register.mjs", "--input-type=module", "--eval", script],
    { env: { ...env, ...folders, USERPROFILE: root, LOCALAPPDATA: root }, stdio: "inherit" },
  );
  const code = await new Promise((resolve) => child.on("close", resolve));
  expect(code).toBe(0);
  return readdir(root, { recursive: true });
}

test("a session leaves no file behind", async () => {
  const script = `${GRAPH}
    const { compile } = await import("./src/runtime/index.js");
    await run(compile);`;
  expect(await filesLeftBy(script)).toEqual([]);
});

test("nor does one in a worker", async () => {
  const script = `${GRAPH}
    const { createWorkerRuntime } = await import("./src/runtime/index.js");
    const runtime = createWorkerRuntime();
    await run(runtime.compile);
    await runtime.dispose();`;
  expect(await filesLeftBy(script)).toEqual([]);
});

test("the package is imported in one place, after telemetry is off", async () => {
  const sources = (await readdir("src", { recursive: true })).filter((name) => /(?<!\.test)\.ts$/.test(name));
  const importing: string[] = [];
  for (const name of sources) {
    if (/(from|import\() ?"onnxruntime-node"/.test(await readFile(join("src", name), "utf8")))
      importing.push(name);
  }
  expect(importing).toEqual([join("runtime", "onnxruntime.ts")]);
});
