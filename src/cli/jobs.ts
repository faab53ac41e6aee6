import { spawn, type ChildProcess } from "node:child_process";
import type { Terminal } from "./terminal.js";

/** Other processes that share the work. */
export interface Helpers {
  /** Asks them to save their work and end; resolves when all have. */
  stop(): Promise<void>;
  /** Resolves when all have ended by themselves. */
  readonly ended: Promise<void>;
}

/** How much of a job's last output is shown when it fails. */
const SHOWN = 2000;

/**
 * Starts `count` processes of this program; the first thing they do must be {@link endWithParent}. If one
 * fails, a warning shows its last output, and the others do its remaining work.
 */
export function startHelpers(
  count: number,
  args: readonly string[],
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Helpers {
  const helpers = Array.from({ length: count }, () =>
    // In their own process group, so that Ctrl-C reaches only this process, which passes it on.
    spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], {
      stdio: ["pipe", "ignore", "pipe"],
      detached: true,
    }),
  );
  let stopped = false;
  const ended = Promise.all(
    helpers.map(async (helper) => {
      const { code, said } = await endOf(helper);
      if (code !== 0 && !stopped) terminal.warn(`a job failed with exit code ${code}: ${said.trim()}`);
    }),
  ).then(() => undefined);
  const stop = (): Promise<void> => {
    stopped = true;
    for (const { stdin } of helpers) stdin.destroy();
    return ended;
  };
  signal.addEventListener("abort", () => void stop(), { once: true });
  return { stop, ended };
}

async function endOf(helper: ChildProcess): Promise<{ code: number | string; said: string }> {
  let said = "";
  helper.stderr!.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-SHOWN)));
  const code = await new Promise<number | string>((resolve) => {
    helper.once("error", (error) => resolve(error.message));
    helper.once("close", (status, by) => resolve(status ?? by ?? "unknown"));
  });
  return { code, said };
}

/** Interrupts this process when its parent stops it or dies, however it died. */
export function endWithParent(): void {
  process.stdin.once("close", () => process.emit("SIGINT"));
  process.stdin.resume();
  process.stdin.unref();
}
