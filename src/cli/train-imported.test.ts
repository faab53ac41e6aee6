import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { holdfast } from "../../test/runs/holdfast.js";

const MODEL = fileURLToPath(new URL("../../test/fixtures/foreign-channels-last.onnx", import.meta.url));

test("train hardens a file of another tool, resumes only as begun, and evaluates what came of it", async () => {
  const root = await mkdtemp(join(tmpdir(), "holdfast-hardened-"));
  try {
    const out = join(root, "run");
    const command =
      "train --layout NHWC --pixel-range 255 --data flowers --limit 51 --batch-size 17 --epochs 1 --steps 1 " +
      "--validation 0 --recipe at --freeze-trunk --threads 1";
    const { code, stderr } = await holdfast([...command.split(" "), "--model", MODEL, "--out", out]);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("has 6 classes, but the data have 17: it gets a new last layer (--head new)");
    const config = JSON.parse(await readFile(join(out, "config.json"), "utf8")) as Record<string, unknown>;
    expect(config).toMatchObject({
      dataOptions: { size: { height: 20, width: 20 }, channels: 3 },
      imported: { options: { layout: "NHWC", range: 255, size: [20, 20] }, newHead: true },
    });
    const other = await holdfast(["train", "--resume", out, "--layout", "NCHW"]);
    expect([other.code, other.stderr]).toEqual([
      2,
      expect.stringContaining('imported.options.layout is "NHWC", but you asked for "NCHW"'),
    ]);
    // The exported file says by its description how it is read, so both are attacked alike.
    const outcomes = await Promise.all(
      [out, join(out, "exported.onnx")].map(async (model) => {
        const flags = "--data flowers:test --limit 17 --steps 2 --epsilon 1/255 --json";
        const attacked = await holdfast(["attack", model, ...flags.split(" ")]);
        expect(attacked.code, attacked.stderr).toBe(0);
        const { clean, robust, largestPerturbation } = JSON.parse(attacked.stdout) as Record<string, unknown>;
        return { clean, robust, largestPerturbation };
      }),
    );
    expect(outcomes[1]).toEqual(outcomes[0]);
  } finally {
    await rm(root, { recursive: true });
  }
}, 180_000);
