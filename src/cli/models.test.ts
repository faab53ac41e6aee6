import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cheapRun } from "../../test/runs/settings.js";
import { trainRun } from "../training/index.js";
import { loadModel } from "./models.js";
import { createTerminal } from "./terminal.js";

test("a finished run is used, but not once its model has changed", async () => {
  const root = await mkdtemp(join(tmpdir(), "holdfast-models-"));
  try {
    const { folder, model } = await trainRun(cheapRun(join(root, "run")));
    const terminal = createTerminal({ quiet: true });
    expect((await loadModel(folder, {}, terminal)).info?.training?.steps).toBe(2);
    const bytes = await readFile(model);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(model, bytes);
    await expect(loadModel(folder, {}, terminal)).rejects.toThrow(/model\.onnx: its bytes have changed/);
    await rm(model);
    await expect(loadModel(folder, {}, terminal)).rejects.toThrow(
      /model\.onnx: does not exist, though the run was finished\n {2}Restore/,
    );
  } finally {
    await rm(root, { recursive: true });
  }
});
