import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test, vi } from "vitest";
import { ints, modelOf, node } from "../../test/model.js";
import { cheapRun } from "../../test/runs/settings.js";
import { writeModelFile } from "../onnx/index.js";
import { float32 } from "../tensor/index.js";
import { trainRun } from "../training/index.js";
import { ownShape } from "./images.js";
import { loadModel } from "./models.js";
import { createTerminal } from "./terminal.js";

test("a finished run is used, but not once its model has changed", async () => {
  const root = await mkdtemp(join(tmpdir(), "holdfast-models-"));
  try {
    const { folder, model } = await trainRun(cheapRun(join(root, "run")));
    const terminal = createTerminal({ quiet: true });
    expect((await loadModel(folder, {}, terminal)).info?.training?.steps).toBe(2);
    const manifest = join(folder, "manifest.json");
    await rename(manifest, join(root, "kept"));
    await expect(loadModel(folder, {}, terminal)).rejects.toThrow(
      /is a run folder without manifest\.json[^]*train --resume .*model\.onnx/,
    );
    expect((await loadModel(model, {}, terminal)).info.training).toBeUndefined();
    await rename(join(root, "kept"), manifest);
    const bytes = await readFile(model);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(model, bytes);
    await expect(loadModel(folder, {}, terminal)).rejects.toThrow(/model\.onnx: its bytes have changed/);
    const bare = join(root, "bare");
    await mkdir(bare);
    await copyFile(model, join(bare, "model.onnx"));
    const warn = vi.fn<(text: string) => void>();
    await loadModel(bare, {}, { ...terminal, warn }).catch(() => {});
    expect(warn).toHaveBeenCalledWith(
      expect.stringMatching(/bare: has no manifest\.json.*without verification/),
    );
    await rm(model);
    await expect(loadModel(folder, {}, terminal)).rejects.toThrow(
      /model\.onnx: does not exist, although the run finished\n {2}Restore/,
    );
  } finally {
    await rm(root, { recursive: true });
  }
});

test("a model that leaves the shape of its images open takes that of data that have one", async () => {
  const root = await mkdtemp(join(tmpdir(), "holdfast-models-"));
  try {
    const open = modelOf(
      [
        node("ReduceMean", ["x"], "p", { axes: ints(1, 2, 3) }),
        node("Flatten", ["p"], "f"),
        node("Gemm", ["f", "k"], "y"),
      ],
      { k: float32([1, 3], [1, 2, 3]) },
      { input: { shape: ["N", "", "h", "w"] } },
    );
    const path = join(root, "m.onnx");
    await writeModelFile(path, open);
    const photos = join(root, "photos");
    for (const name of ["cat", "dog"]) {
      await mkdir(join(photos, name), { recursive: true });
      const picture = sharp({ create: { width: 9, height: 7, channels: 3, background: "#234" } });
      await picture.toFile(join(photos, name, "1.png"));
    }
    const terminal = createTerminal({ quiet: true });
    const load = (data: string, size?: { height: number; width: number }): ReturnType<typeof loadModel> =>
      loadModel(path, size === undefined ? {} : { size }, terminal, () => ownShape({ data }));
    const shapeOf = async (loaded: ReturnType<typeof loadModel>): Promise<number[]> => {
      const { channels, height, width } = (await loaded).classifier;
      return [channels, height, width];
    };
    expect(await shapeOf(load("mnist"))).toEqual([1, 28, 28]);
    expect(await shapeOf(load("mnist", { height: 9, width: 8 }))).toEqual([1, 9, 8]);
    expect(await shapeOf(load(photos, { height: 9, width: 8 }))).toEqual([3, 9, 8]);
    await expect(load(photos)).rejects.toThrow(/its size is open[^]*--size/);
    await expect(loadModel(path, {}, terminal)).rejects.toThrow(/its size is open[^]*--channels/);
  } finally {
    await rm(root, { recursive: true });
  }
});
