import { PassThrough } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import { runCli } from "./program.js";
import { createTerminal } from "./terminal.js";

const ESCAPE = "\u001b]0;owned\u0007\u009b31m";
const SHOWN = "\\u001b]0;owned\\u0007\\u009b31m";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  process.exitCode = undefined;
});

function spied(stream: NodeJS.WriteStream): () => string {
  const written = vi.spyOn(stream, "write").mockReturnValue(true);
  return () => written.mock.calls.map(([chunk]) => String(chunk)).join("");
}

describe("what is printed is printable", () => {
  test.each([
    ["an unknown command", [ESCAPE]],
    ["an unknown option", ["inspect", "x.onnx", `--${ESCAPE}`]],
    ["a value", ["attack", "x.onnx", "--steps", ESCAPE]],
    ["a choice of a command's command", ["data", "check", "photos", "--size", ESCAPE]],
    ["a file", ["inspect", ESCAPE]],
  ])("%s", async (_, args) => {
    const [out, err] = [spied(process.stdout), spied(process.stderr)];
    expect(await runCli(args)).toBeGreaterThan(1);
    expect(err()).toContain(SHOWN);
    for (const control of "\u001b\u0007\u009b") expect(out() + err()).not.toContain(control);
  });

  test("notes, lines above the bar and results; JSON stays the same JSON", () => {
    const [out, err] = [spied(process.stdout), spied(process.stderr)];
    const terminal = createTerminal({ json: true });
    terminal.note(ESCAPE);
    const progress = terminal.progress(1, "images");
    progress.at(1, ESCAPE);
    progress.say(ESCAPE);
    progress.stop();
    expect(err().split(SHOWN).length - 1).toBe(3);
    terminal.result("", { name: ESCAPE });
    expect(out()).toContain(SHOWN);
    expect(JSON.parse(out())).toEqual({ name: ESCAPE });
  });

  test("the bar of a terminal", () => {
    const screen = Object.assign(new PassThrough(), { isTTY: true, columns: 500 });
    vi.spyOn(process, "stderr", "get").mockReturnValue(screen as unknown as typeof process.stderr);
    const progress = createTerminal({}).progress(1, "images");
    progress.at(1, ESCAPE);
    progress.say(ESCAPE);
    progress.at(1, ESCAPE);
    progress.stop();
    const drawn = String(screen.read());
    expect(drawn).toContain(SHOWN);
    expect(drawn).not.toContain(ESCAPE);
    // A process that is ended at once could not undo these.
    expect(drawn).not.toMatch(/\[\?25l|\[\?7l/);
  });
});

describe("output that cannot be written", () => {
  const fail = (stream: NodeJS.WriteStream, code: string): boolean =>
    stream.emit("error", Object.assign(new Error(code), { code }));

  test("is dropped, with the exit code kept, where nobody reads", async () => {
    spied(process.stdout);
    await runCli(["recipes"]);
    process.exitCode = 1;
    fail(process.stdout, "EPIPE");
    fail(process.stderr, "EPIPE");
    fail(process.stderr, "ENOSPC");
    expect(process.exitCode).toBe(1);
  });

  test("is an error where a result is lost", async () => {
    spied(process.stdout);
    const err = spied(process.stderr);
    await runCli(["recipes"]);
    fail(process.stdout, "ENOSPC");
    expect(process.exitCode).toBe(3);
    expect(err()).toContain("standard output: could not be written: ENOSPC");
  });
});
