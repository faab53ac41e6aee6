import { spawn } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tinyRun } from "../../../test/runs/settings.js";
import { InputError, InterruptedError, UsageError } from "../../errors/index.js";
import { compile } from "../../runtime/index.js";
import { createGenerator } from "../../tensor/index.js";
import {
  DivergedError,
  readLog,
  readRunHistory,
  resumeRun,
  trainRun,
  type RunEvent,
  type RunHooks,
} from "../index.js";

let root = "";
let uninterrupted = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-run-"));
  uninterrupted = join(root, "uninterrupted");
  await trainRun(tinyRun(uninterrupted));
});
afterAll(() => rm(root, { recursive: true }));

/** The bytes that must not depend on interruptions: the last checkpoint, the model and the pictures of the last validation. */
async function weightsOf(folder: string): Promise<Buffer[]> {
  const names = await readdir(join(folder, "checkpoints"));
  const tensors = names.filter((name) => name.endsWith(".safetensors")).sort();
  return Promise.all(
    ["model.onnx", "validation.json", ...tensors.map((name) => join("checkpoints", name))].map((name) =>
      readFile(join(folder, name)),
    ),
  );
}

async function expectSameWeights(folder: string): Promise<void> {
  const [ours, theirs] = [await weightsOf(folder), await weightsOf(uninterrupted)];
  expect(ours.length).toBe(theirs.length);
  ours.forEach((bytes, i) => expect(bytes.equals(theirs[i]!)).toBe(true));
}

describe("a run", () => {
  test("leaves a config, a log of every step, checkpoints, a model and a manifest", async () => {
    expect((await readdir(uninterrupted)).sort()).toEqual([
      "checkpoints",
      "config.json",
      "log.jsonl",
      "manifest.json",
      "model.onnx",
      "validation.json",
    ]);
    const lines = await readLog(join(uninterrupted, "log.jsonl"));
    const steps = lines.filter((line) => line.type === "step").map((line) => line.step);
    expect(steps).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
    expect(lines.filter((line) => line.type === "validation").map((line) => line.step)).toEqual([9, 18]);
  });

  test("keeps pictures of a few validation images, attacked inside the ball", async () => {
    const { shown, config } = await readRunHistory(uninterrupted);
    expect(shown!.step).toBe(18);
    expect(shown!.images.length).toBe(6);
    const { epsilon } = config.settings.recipe.adversary!;
    const pixelsOf = (png: string): Promise<Buffer> =>
      sharp(Buffer.from(png, "base64")).toColourspace("b-w").raw().toBuffer();
    const changes = await Promise.all(
      shown!.images.map(async ({ clean, adversarial }) => {
        const [a, b] = [await pixelsOf(clean.png), await pixelsOf(adversarial!.png)];
        expect([a.length, b.length]).toEqual([28 * 28, 28 * 28]);
        return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
      }),
    );
    for (const change of changes) expect(change).toBeLessThanOrEqual(Math.round(255 * epsilon) + 1);
    expect(Math.max(...changes)).toBeGreaterThan(0);
  });

  test("stopped by its signal goes on to the same bytes", async () => {
    const folder = join(root, "stopped");
    for (const stopAfter of [3, 10]) {
      const abort = new AbortController();
      const hooks = {
        signal: abort.signal,
        onEvent: (event: RunEvent): void => {
          if (event.type === "step" && event.step === stopAfter) abort.abort();
        },
      };
      const going = stopAfter === 3 ? trainRun(tinyRun(folder), hooks) : resumeRun(folder, hooks);
      const error = await going.catch((e: unknown) => e);
      expect(error).toBeInstanceOf(InterruptedError);
      expect((error as Error).message).toContain(`--resume ${folder}`);
    }
    const elsewhere = resumeRun(folder, {}, {}, { data: "flowers" });
    await expect(elsewhere).rejects.toThrow(/flowers: is not the data of this run/);
    // The same images by another name: as where their folder was moved.
    await resumeRun(folder, {}, {}, { data: "mnist:train" });
    await expectSameWeights(folder);
    const steps = (await readLog(join(folder, "log.jsonl"))).filter((line) => line.type === "step");
    expect(steps.map((line) => line.step)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
  });

  test("stopped during a validation, it ends at once and goes on to the same bytes", async () => {
    const folder = join(root, "validating");
    for (const validates of [9, 18]) {
      const abort = new AbortController();
      let [isValidating, runs] = [false, 0];
      const hooks: RunHooks = {
        signal: abort.signal,
        onEvent: (event) => {
          if (event.type === "step" && event.step === validates) isValidating = true;
        },
        compile: async (graph, options) => {
          const program = await compile(graph, options);
          const run: typeof program.run = (...given) => {
            if (isValidating && ++runs === 3) abort.abort();
            return program.run(...given);
          };
          return { ...program, run, dispose: () => program.dispose() };
        },
      };
      const going = validates === 9 ? trainRun(tinyRun(folder), hooks) : resumeRun(folder, hooks);
      await expect(going).rejects.toThrow(`stopped on request after step ${validates};`);
      expect(runs).toBe(3);
    }
    await resumeRun(folder);
    await expectSameWeights(folder);
    const lines = await readLog(join(folder, "log.jsonl"));
    expect(lines.filter((line) => line.type === "validation").map((line) => line.step)).toEqual([9, 18]);
  });

  test("killed between its last checkpoint and the removal of an older one leaves no more files", async () => {
    const folder = join(root, "untidy");
    const onEvent = (event: RunEvent): void => {
      if (event.type === "checkpoint" && event.step === 18) throw new Error("killed");
    };
    await expect(trainRun(tinyRun(folder), { onEvent })).rejects.toThrow("killed");
    const checkpoints = join(folder, "checkpoints");
    await copyFile(
      join(checkpoints, "step-000000018.safetensors"),
      join(checkpoints, "best-step-000000003.safetensors"),
    );
    await resumeRun(folder);
    await expectSameWeights(folder);
  });

  test("killed with SIGKILL again and again goes on to the same bytes", async () => {
    const folder = join(root, "killed");
    const random = createGenerator(Date.now() >>> 0).stream("kill");
    let kills = 0;
    while ((await trainAndKill(folder, 1 + random.integer(12), random.uniform() * 60)) === "killed") {
      if (++kills === 4) break;
    }
    expect(kills).toBeGreaterThan(0);
    await resumeRun(folder);
    await expectSameWeights(folder);
  });
});

/** Runs the training in a process and kills it some milliseconds after its `lines`th event. */
function trainAndKill(folder: string, lines: number, delay: number): Promise<"killed" | "finished"> {
  const child = spawn(
    process.execPath,
    ["--import", "./test/typescript/register.mjs", "./test/runs/train.js", folder],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let seen = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    seen += chunk.toString().split("\n").length - 1;
    if (seen >= lines) setTimeout(() => child.kill("SIGKILL"), delay);
  });
  return new Promise((resolve) => {
    child.on("exit", (_, signal) => resolve(signal === "SIGKILL" ? "killed" : "finished"));
  });
}

describe("what can go wrong", () => {
  test("an output folder that exists is left alone", async () => {
    const error = await trainRun(tinyRun(uninterrupted)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain("--resume");
  });

  test("settings that differ from the run's are named", async () => {
    const asked = { "settings.batchSize": 64, "settings.epochs": 2, data: "other" };
    const error = await resumeRun(uninterrupted, {}, asked).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain("settings.batchSize is 32, but you asked for 64");
    expect((error as Error).message).toContain('data is "mnist", but you asked for "other"');
    expect((error as Error).message).not.toContain("epochs");
  });

  test("a folder that is no run is named", async () => {
    await expect(resumeRun(join(root, "nothing"))).rejects.toThrow(InputError);
    await writeFile(join(root, "config.json"), "{");
    await expect(resumeRun(root)).rejects.toThrow(/not the configuration of a run/);
  });

  test("a checkpoint whose bytes have changed is refused, and the one before it still goes on", async () => {
    const folder = join(root, "damaged");
    const abort = new AbortController();
    const stop = (event: RunEvent): void => {
      if (event.type === "step" && event.step === 9) abort.abort();
    };
    await trainRun(tinyRun(folder), { signal: abort.signal, onEvent: stop }).catch(() => {});
    const checkpoints = join(folder, "checkpoints");
    const path = join(checkpoints, "step-000000009.safetensors");
    const bytes = await readFile(path);
    bytes[bytes.length - 5]! ^= 1;
    await writeFile(path, bytes);
    const error = await resumeRun(folder).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as Error).message).toContain("step-000000009.safetensors: its bytes have changed");
    await rm(join(checkpoints, "step-000000009.json"));
    await resumeRun(folder);
    await expectSameWeights(folder);
  });

  test("two processes in one folder: the second is refused", async () => {
    const folder = join(root, "locked");
    const abort = new AbortController();
    const stop = (event: RunEvent): void => {
      if (event.type === "step") abort.abort();
    };
    await trainRun(tinyRun(folder), { signal: abort.signal, onEvent: stop }).catch(() => {});
    await writeFile(join(folder, "lock"), String(process.ppid));
    await expect(resumeRun(folder)).rejects.toThrow(/in use by another process/);
  });

  test("a loss that is not finite stops the run and says so", async () => {
    const options = tinyRun(join(root, "diverged"));
    const settings = { ...options.settings, learningRate: 1e30, schedule: { kind: "constant" } as const };
    const error = await trainRun({ ...options, settings }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DivergedError);
    expect((error as Error).message).toMatch(/step \d+: the loss is .*diverged/);
  });
});
