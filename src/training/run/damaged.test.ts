import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refusalOf } from "../../../test/refusal.js";
import { cheapRun } from "../../../test/runs/settings.js";
import { HoldfastError, InputError } from "../../errors/index.js";
import { readRunSummary, resumeRun, trainRun, verifyRun, type RunEvent } from "../index.js";

let root = "";
/** Stopped after step 1, with a checkpoint. */
let stopped = "";
let finished = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-damaged-"));
  stopped = join(root, "stopped");
  const abort = new AbortController();
  const onEvent = ({ type }: RunEvent): void => void (type === "step" && abort.abort());
  await trainRun(cheapRun(stopped), { signal: abort.signal, onEvent }).catch(() => {});
  finished = join(root, "finished");
  await cp(stopped, finished, { recursive: true });
  await resumeRun(finished);
});
afterAll(() => rm(root, { recursive: true }));

let copies = 0;
async function copyOf(run: string): Promise<string> {
  const folder = join(root, `copy-${copies++}`);
  await cp(run, folder, { recursive: true });
  return folder;
}

const refusal = (work: Promise<unknown>): Promise<HoldfastError> => refusalOf(work, HoldfastError);

describe("a link in a run folder", () => {
  test("is not followed: what lies behind it stays", async () => {
    const folder = await copyOf(stopped);
    const elsewhere = join(root, "elsewhere");
    await rename(join(folder, "checkpoints"), elsewhere);
    await mkdir(join(elsewhere, "photos"));
    await writeFile(join(elsewhere, "photos", "holiday.jpg"), "x");
    await writeFile(join(elsewhere, "diary.txt"), "x");
    const before = (await readdir(elsewhere, { recursive: true })).sort();
    await symlink(elsewhere, join(folder, "checkpoints"));
    expect((await refusal(resumeRun(folder))).message).toMatch(/checkpoints: is a link/);
    expect((await readdir(elsewhere, { recursive: true })).sort()).toEqual(before);
  });

  test("nor is one in place of the log", async () => {
    const folder = await copyOf(stopped);
    const victim = join(root, "victim");
    await writeFile(victim, "precious ".repeat(1000));
    await rm(join(folder, "log.jsonl"));
    await symlink(victim, join(folder, "log.jsonl"));
    expect((await refusal(resumeRun(folder))).message).toMatch(/log\.jsonl: is a link/);
    expect(await readFile(victim, "utf8")).toHaveLength(9000);
  });
});

test("files of others among the checkpoints stay", async () => {
  const folder = await copyOf(stopped);
  const checkpoints = join(folder, "checkpoints");
  await mkdir(join(checkpoints, "notes"));
  await writeFile(join(checkpoints, "notes", "step-000000000.json"), "x");
  await writeFile(join(checkpoints, "step-best.txt"), "x");
  await resumeRun(folder);
  expect(existsSync(join(checkpoints, "notes", "step-000000000.json"))).toBe(true);
  expect(existsSync(join(checkpoints, "step-best.txt"))).toBe(true);
});

describe("a finished run", () => {
  test.each(["model.onnx", "config.json", "log.jsonl"])("with other bytes in %s is refused", async (name) => {
    const folder = await copyOf(finished);
    const bytes = await readFile(join(folder, name));
    bytes[bytes.length - 3]! ^= 1;
    await writeFile(join(folder, name), bytes);
    for (const read of [verifyRun, resumeRun, readRunSummary]) {
      const error = await refusal(read(folder));
      expect(error.place).toContain(name);
    }
    await rm(join(folder, name));
    expect((await refusal(resumeRun(folder))).message).toMatch(new RegExp(`${name}: does not exist`));
  });

  test.each(["null", "{", "[]", "", '{"format":1}', '"x"'])(
    "whose manifest is %s is refused",
    async (text) => {
      const folder = await copyOf(finished);
      await writeFile(join(folder, "manifest.json"), text);
      expect((await refusal(resumeRun(folder))).message).toMatch(
        /manifest\.json: is not the manifest of a run/,
      );
    },
  );
});

describe("an unfinished run", () => {
  test("with edited settings does not go on as another training", async () => {
    const folder = await copyOf(stopped);
    const text = await readFile(join(folder, "config.json"), "utf8");
    await writeFile(
      join(folder, "config.json"),
      text.replace('"learningRate": 0.005', '"learningRate": 0.5'),
    );
    expect((await refusal(resumeRun(folder))).message).toMatch(/config\.json: has changed/);
  });

  test.each(["null", "{", "[]", "", '{"format":1,"settings":null}', '{"format":1,"settings":{}}'])(
    "whose configuration is %s is refused",
    async (text) => {
      const folder = await copyOf(stopped);
      await writeFile(join(folder, "config.json"), text);
      expect((await refusal(resumeRun(folder))).message).toMatch(/not the configuration of a run/);
    },
  );

  test.each([
    "null",
    "{",
    '{"format":1,"step":1,"file":"../../x"}',
    '{"format":1,"step":1,"file":"step-000000001.safetensors"}',
  ])("whose checkpoint is described by %s is refused", async (text) => {
    const folder = await copyOf(stopped);
    await writeFile(join(folder, "checkpoints", "step-000000001.json"), text);
    expect((await refusal(resumeRun(folder))).message).toMatch(/not a checkpoint's description/);
  });

  test.runIf(process.platform === "linux")("whose log is a FIFO is refused at once", async () => {
    const folder = await copyOf(stopped);
    await rm(join(folder, "log.jsonl"));
    execFileSync("mkfifo", [join(folder, "log.jsonl")]);
    expect((await refusal(resumeRun(folder))).message).toMatch(/log\.jsonl: is not a plain file/);
  });

  test("whose log lost its end goes on to the same model, and says so", async () => {
    const folder = await copyOf(stopped);
    await truncate(join(folder, "log.jsonl"), 10);
    const said: string[] = [];
    const { model } = await resumeRun(folder, {
      onEvent: (event) => void (event.type === "warning" && said.push(event.message)),
    });
    expect(said).toEqual([expect.stringMatching(/log\.jsonl has lost \d+ bytes/)]);
    expect((await readFile(join(folder, "log.jsonl"))).includes(0)).toBe(false);
    expect((await readRunSummary(folder)).steps).toBe(2);
    expect((await readFile(model)).equals(await readFile(join(finished, "model.onnx")))).toBe(true);
  });
});

test.each(["null", "{", "[]", "\0\0\0", '{"type":"step"}'])(
  "a line of the log that is %j is named",
  async (line) => {
    const { readLog } = await import("../index.js");
    const folder = await copyOf(stopped);
    const log = join(folder, "log.jsonl");
    const lines = (await readLog(log)).length;
    await appendFile(log, `${line}\n`);
    const error = await refusal(readLog(log));
    expect(error).toBeInstanceOf(InputError);
    expect(error.place).toBe(`${log}: line ${lines + 1}`);
  },
);

describe("a start that comes to nothing", () => {
  test("leaves nothing, and can be made again", async () => {
    const out = join(root, "failed");
    const options = cheapRun(out);
    const tooLarge = { ...options, settings: { ...options.settings, batchSize: 1000 } };
    await refusal(trainRun(tooLarge));
    expect(existsSync(out)).toBe(false);
    await mkdir(out);
    await writeFile(join(out, "notes.txt"), "x");
    expect((await refusal(trainRun(options))).message).toMatch(/already exists and is not empty/);
    expect(await readdir(out)).toEqual(["notes.txt"]);
  });

  test("killed before its first write is begun again", async () => {
    const out = join(root, "killed-early");
    await mkdir(out);
    await writeFile(join(out, "lock"), "999999999 1");
    await writeFile(join(out, "lock.4711"), "4711 1");
    await writeFile(join(out, ".config.json.4711.tmp"), '{"form');
    await writeFile(join(out, "initial.safetensors"), "x");
    expect((await refusal(resumeRun(out))).remedy).toContain(`holdfast train --out ${out}`);
    const { model } = await trainRun(cheapRun(out));
    expect((await readFile(model)).equals(await readFile(join(finished, "model.onnx")))).toBe(true);
  });

  test("a file of weights that stands there alone is the user's", async () => {
    const out = join(root, "weights");
    await mkdir(out);
    await writeFile(join(out, "initial.safetensors"), "precious");
    expect((await refusal(trainRun(cheapRun(out)))).message).toMatch(/is not empty/);
    expect(await readFile(join(out, "initial.safetensors"), "utf8")).toBe("precious");
  });
});
