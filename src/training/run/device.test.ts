import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cheapRun } from "../../../test/runs/settings.js";
import { InputError, InterruptedError } from "../../errors/index.js";
import { compile, openDevice, type Device } from "../../runtime/index.js";
import { readLog, resumeRun, trainRun, type RunEvent, type RunOptions } from "../index.js";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-device-run-"));
});
afterAll(() => rm(root, { recursive: true }));

/** No GPU: the CPU under its name, which fails at the run that is asked for. */
function standIn(failsAt = Infinity): typeof openDevice {
  let runs = 0;
  return async (name): Promise<Device> => ({
    name,
    use: () => ({ name, onCpu: ["Mod"] }),
    async compile(graph, options) {
      const program = await compile(graph, options);
      return {
        ...program,
        async run(feeds, fetch) {
          if (++runs === failsAt) throw new InputError({ place: `device ${name}`, problem: "is lost" });
          return program.run(feeds, fetch);
        },
      };
    },
  });
}

const onWebGpu = (out: string): RunOptions => {
  const run = cheapRun(out);
  return { ...run, settings: { ...run.settings, device: "webgpu" } };
};
const manifestOf = async (folder: string): Promise<{ runtime: { device?: unknown } }> =>
  JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as { runtime: { device?: unknown } };

test("a device that cannot be had leaves nothing", async () => {
  const out = join(root, "none");
  const refused = trainRun(
    { ...onWebGpu(out), data: "not-there" },
    {
      openDevice: () => Promise.reject(new InputError({ place: "device webgpu", problem: "does not load" })),
    },
  );
  await expect(refused).rejects.toThrow(/device webgpu: does not load/);
  await expect(readFile(join(out, "config.json"))).rejects.toThrow(/ENOENT/);
});

test("a device that fails on the way loses nothing, and is recorded", async () => {
  const out = join(root, "lost");
  await expect(trainRun(onWebGpu(out), { openDevice: standIn(2) })).rejects.toThrow(/is lost/);
  const finished = await resumeRun(out, { openDevice: standIn() });
  expect(finished.steps).toBe(2);
  expect((await manifestOf(out)).runtime.device).toEqual({ name: "webgpu", onCpu: ["Mod"] });
  const warnings = (await readLog(join(out, "log.jsonl"))).filter(({ type }) => type === "warning");
  expect(warnings.map((line) => line.type === "warning" && line.code)).not.toContain("device");
});

test("a run that goes on elsewhere says so", async () => {
  const out = join(root, "moved");
  const abort = new AbortController();
  const stopped = trainRun(onWebGpu(out), {
    openDevice: standIn(),
    signal: abort.signal,
    onEvent: (event: RunEvent) => void (event.type === "step" && event.step === 1 && abort.abort()),
  });
  await expect(stopped).rejects.toBeInstanceOf(InterruptedError);
  const said: string[] = [];
  const onEvent = (event: RunEvent): void => void (event.type === "warning" && said.push(event.message));
  await resumeRun(out, { onEvent }, {}, { device: "cpu" });
  expect(said).toContain(
    "the run began on webgpu and continues on cpu after step 1. Devices round differently, so its weights are not those of either device alone.",
  );
  const log = await readLog(join(out, "log.jsonl"));
  expect(log).toContainEqual(expect.objectContaining({ type: "warning", code: "device", step: 1 }));
  expect((await manifestOf(out)).runtime).not.toHaveProperty("device");
});
