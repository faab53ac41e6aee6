import { spawn, type ChildProcess } from "node:child_process";
import type { Terminal } from "./terminal.js";

/** Other processes that work on the same thing. */
export interface Helpers {
  /** Asks them to end, each with its work saved; resolves when all have. */
  stop(): Promise<void>;
  /** When all have ended by themselves. */
  readonly ended: Promise<void>;
}

/** How much of what a helper last said is shown when it fails. */
const SHOWN = 2000;

/**
 * Starts `count` processes of this same program; the first thing they do must be {@link endWithParent}. One
 * that fails is warned of, with its last words: what it leaves undone falls to the others.
 */
export function startHelpers(
  count: number,
  args: readonly string[],
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Helpers {
  const helpers = Array.from({ length: count }, () =>
    // A group of their own: Ctrl-C reaches this process alone, which passes it on.
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

/** Interrupts this process when the one that started it stops it or is no more, however it died. */
export function endWithParent(): void {
  process.stdin.once("close", () => process.emit("SIGINT"));
  process.stdin.resume();
  process.stdin.unref();
}
