import { spawn } from "node:child_process";
import { join } from "node:path";
import { COMPILED } from "../typescript/place.mjs";

/** The command line, compiled by `test/typescript/compile.mjs`. */
export const PROGRAM: string = join(COMPILED, "src/cli/main.js");

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line; `signal` is sent when stderr first contains `at`; nobody reads `unread`. */
export function holdfast(
  args: readonly string[],
  signalled?: { readonly at: string; readonly signal: NodeJS.Signals },
  unread: readonly ("stdout" | "stderr")[] = [],
): Promise<Outcome> {
  const child = spawn(process.execPath, [PROGRAM, ...args]);
  for (const name of unread) child[name].destroy();
  let [stdout, stderr, sent] = ["", "", false];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    if (signalled !== undefined && !sent && stderr.includes(signalled.at)) {
      sent = true;
      child.kill(signalled.signal);
    }
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
}
