import { spawn } from "node:child_process";
import { expect, test } from "vitest";

/** Runs a script; each time that stderr first contains one of `at`, sends it SIGINT. How it ended. */
function interrupted(script: string, at: readonly string[]): Promise<string | number | null> {
  const child = spawn(
    process.execPath,
    ["--import", "./test/typescript/register.mjs", "--input-type=module", "--eval", script],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let [said, sent] = ["", 0];
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    for (; sent < at.length && said.includes(at[sent]!); sent++) child.kill("SIGINT");
  });
  // What ignores its signals would go on for ever.
  const patience = setTimeout(() => child.kill("SIGKILL"), 60_000);
  return new Promise((resolve) =>
    child.on("close", (code, signal) => {
      clearTimeout(patience);
      resolve(signal ?? code);
    }),
  );
}

const WORK = `
  import { setTimeout } from "node:timers/promises";
  import { withInterrupt } from "./src/cli/interrupt.js";
  const busy = () => { for (;;); };`;

test("a second Ctrl-C ends a process whose thread never comes free", async () => {
  const script = `${WORK}
    await withInterrupt(async (signal, worthSaving) => {
      worthSaving();
      signal.addEventListener("abort", busy);
      console.error("ready");
      await setTimeout(1e6);
    }, "Saving …");`;
  expect(await interrupted(script, ["ready", "to stop now"])).toBe("SIGINT");
});

test("before there is anything to save a first one does", async () => {
  const script = `${WORK}
    await withInterrupt(async () => {
      console.error("ready");
      busy();
    }, "Saving …");`;
  expect(await interrupted(script, ["ready"])).toBe("SIGINT");
});

test("after the work a first one does", async () => {
  const script = `${WORK}
    await withInterrupt(async (signal, worthSaving) => worthSaving(), "Saving …");
    console.error("ready");
    busy();`;
  expect(await interrupted(script, ["ready"])).toBe("SIGINT");
});

test("a first one lets the work be saved", async () => {
  const script = `${WORK}
    await withInterrupt(async (signal, worthSaving) => {
      worthSaving();
      console.error("ready");
      await setTimeout(1e6, undefined, { signal }).catch(() => {});
      process.exitCode = 7;
    }, "Saving …");`;
  expect(await interrupted(script, ["ready"])).toBe(7);
});
