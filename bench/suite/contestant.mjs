// A program that does one case, in a process of its own, a repetition whenever it is told to.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * Starts it; resolves once it has loaded and done the case a first time.
 * It writes one line of JSON for that (`{ check, versions }`), one for each `go` (`{ ms }`), one for `end` (`{ peakMiB }`).
 */
export async function startContestant(name, command, args, { env = {} } = {}) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
  let errors = "";
  child.stderr.on("data", (text) => (errors = (errors + text).slice(-4000)));
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(lastLine(errors) || `${name} ended`);
      // Libraries write notes to stdout.
      if (value.startsWith("{")) return JSON.parse(value);
    }
  };
  const told = (word) => {
    child.stdin.write(`${word}\n`);
    return answer();
  };
  const ready = await answer();
  return {
    name,
    ...ready,
    go: async () => (await told("go")).ms,
    async end() {
      const { peakMiB } = await told("end");
      child.kill();
      return peakMiB;
    },
    stop: () => child.kill("SIGKILL"),
  };
}

const lastLine = (text) => text.trim().split("\n").at(-1);

/** The other side: answers `go` and `end` until there is no more input. */
export async function serve({ check, versions }, repeat) {
  const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
  say({ check, versions });
  for await (const word of createInterface({ input: process.stdin })) {
    if (word === "end") {
      say({ peakMiB: process.resourceUsage().maxRSS / 1024 });
      process.exit(0);
    }
    say({ ms: await repeat() });
  }
}
