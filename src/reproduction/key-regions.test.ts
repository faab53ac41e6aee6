import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, expect, test } from "vitest";
import { describeDataset, planReproduction, PRESETS } from "./index.js";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-key-regions-"));
  for (const path of ["train/a", "train/b", "test/a", "test/b"].map((each) => join(root, each))) {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, "0.png"), await gray(0));
  }
});
afterEach(() => rm(root, { recursive: true }));

const gray = (level: number): Promise<Buffer> =>
  sharp({ create: { width: 8, height: 8, channels: 3, background: { r: level, g: level, b: level } } })
    .png()
    .toBuffer();

const describe8 = (): ReturnType<typeof describeDataset> =>
  describeDataset(root, { size: { height: 8, width: 8 } });

/** Keys of the pieces that measure attention, and of all others. */
async function keys(): Promise<{ readonly measure: string[]; readonly others: string[] }> {
  const plan = planReproduction(PRESETS["tiny"]!, [await describe8()]);
  const measure = plan.rows.map((row) => row.measure.key);
  const others = plan.rows.flatMap((row) => [row.training.piece.key, row.transfer.key, row.whiteBox.key]);
  return { measure, others };
}

test("regions that are added, or changed, are measured anew, and nothing else is done again", async () => {
  const [named, before] = [await describe8(), await keys()];
  expect(named.regions).toEqual({ source: "saliency", fingerprint: null });
  const seen = [before.measure];
  const changes: readonly (readonly [name: string, bytes: string | Buffer, source: string])[] = [
    ["boxes.csv", "file,x,y,width,height\ntest/a/0.png,1,1,3,3\n", "box"],
    ["boxes.csv", "file,x,y,width,height\ntest/a/0.png,1,1,3,4\n", "box"],
    ["masks/test/b/0.png", await gray(1), "mask-and-box"],
    ["masks/test/a/0.png", await gray(1), "mask"],
    ["masks/test/a/0.png", await gray(0), "mask"],
  ];
  for (const [name, bytes, source] of changes) {
    await mkdir(join(root, name, ".."), { recursive: true });
    await writeFile(join(root, name), bytes);
    const [described, after] = [await describe8(), await keys()];
    expect([described.regions.source, described.fingerprint]).toEqual([source, named.fingerprint]);
    expect(after.others).toEqual(before.others);
    for (const other of seen) {
      expect(other.filter((key) => after.measure.includes(key))).toEqual([]);
    }
    seen.push(after.measure);
  }
  await rm(join(root, "boxes.csv"));
  await rm(join(root, "masks"), { recursive: true });
  expect(await keys()).toEqual(before);
});

test("regions of training images alone are none of the test images", async () => {
  await writeFile(join(root, "boxes.csv"), "file,x,y,width,height\ntrain/a/0.png,1,1,3,3\n");
  expect((await describe8()).regions).toEqual({ source: "saliency", fingerprint: null });
});

test("a region that cannot be read stops the plan, not the measuring after days of training", async () => {
  await mkdir(join(root, "Annotation", "test", "a"), { recursive: true });
  await writeFile(join(root, "Annotation", "test", "a", "0.xml"), "<annotation><object/></annotation>");
  await expect(describe8()).rejects.toThrow(/0\.xml, object 1: has no <bndbox>/);
});
