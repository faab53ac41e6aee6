import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SMALL_SIZE, smallDataset, smallNetwork } from "../../test/small-network.js";
import { holdfast } from "../../test/runs/holdfast.js";
import { createTarget, pgd, planAttack, runAttack } from "../attacks/index.js";
import { createGenerator } from "../tensor/index.js";
import { checkSaveFolder, describeSaved, saveFolder, type SavedPicture } from "./save-folder.js";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-saved-"));
});
afterEach(() => rm(root, { recursive: true }));

test("pictures are in the ball and judged as they are read back", async () => {
  const classNames = ["../up", 'CON "x"', "a/b"];
  const dataset = { ...smallDataset(), classNames };
  const target = createTarget(smallNetwork(), { batchSize: 16, threads: 1 });
  const threat = { norm: "linf", epsilon: 0.15 } as const;
  const n = dataset.length;
  const images = new Float32Array(n * target.imageSize);
  for (let i = 0; i < n; i++)
    await dataset.read(i, images.subarray(i * target.imageSize, (i + 1) * target.imageSize));
  const planned = planAttack(pgd, threat, { steps: 10 });
  const labels = Int32Array.from(dataset.labels);
  const batch = { images, labels, indices: Uint32Array.from(labels.keys()), size: n };
  const found = await runAttack(target, planned, batch, { random: createGenerator(1) });
  const rows = await saveFolder({
    folder: join(root, "out"),
    target,
    dataset,
    threat,
    aim: undefined,
    adversarial: found.adversarial,
    cleanPrediction: [...found.cleanPrediction],
    success: [...found.success],
  });
  const written = JSON.parse(await readFile(join(root, "out", "saved.json"), "utf8")) as SavedPicture[];
  expect(written).toEqual(rows);
  expect((await readdir(join(root, "out"))).sort()).toEqual(
    [...rows.map(({ file }) => file), "saved.json"].sort(),
  );
  for (const [i, row] of rows.entries()) {
    expect(row.file).toMatch(/^\d\d-[\w.]+-(up|CON_x|a_b)\.png$/);
    const levels = await sharp(join(root, "out", row.file))
      .extractChannel(0)
      .raw()
      .toBuffer();
    expect(levels).toHaveLength(SMALL_SIZE ** 2);
    const image = Float32Array.from(levels, (level) => level / 255);
    const clean = images.subarray(i * target.imageSize, (i + 1) * target.imageSize);
    image.forEach((value, k) => expect(Math.abs(value - clean[k]!)).toBeLessThanOrEqual(0.15 + 1e-6));
    const logits = await target.logits(image);
    const said = logits.indexOf(Math.max(...logits));
    expect([row.prediction, row.success]).toEqual([classNames[said], said !== labels[i]]);
  }
  await target.dispose();
  const before = rows.filter(({ successBefore }) => successBefore).length;
  // ε and these images lie between levels: what only just fell may stand again.
  expect(before).toBeGreaterThan(10);
  expect(rows.filter(({ success }) => success).length).toBeGreaterThan(0.8 * before);
  expect(describeSaved("out", rows)).toMatch(/read back, \d+ of \d+ adversarial ones are still adversarial/);
  // Its own folder may be written again; another's is left alone.
  await checkSaveFolder(join(root, "out"));
  await writeFile(join(root, "notes.txt"), "mine");
  await expect(checkSaveFolder(root)).rejects.toThrow(/holds other files/);
});

test("attack --save folder/ says what is still adversarial", async () => {
  const words =
    "attack test/fixtures/onnx/residual-17.onnx --data flowers:test --limit 10 --epsilon 8/255 --steps 3 " +
    "--classes daisy,iris,pansy,tulip,crocus --pixel-range 1 --save";
  const { code, stderr } = await holdfast([...words.split(" "), `${join(root, "pictures")}/`]);
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/saved\.json: 10 8-bit pictures, rounded inside the ball; read back, \d+ of \d+/);
  expect(await readdir(join(root, "pictures"))).toHaveLength(11);
}, 60_000);
