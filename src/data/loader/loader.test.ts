import { describe, expect, it } from "vitest";
import { createGenerator } from "../../tensor/index.js";
import { openDataset } from "../index.js";
import { createLoader } from "./index.js";
describe("x", () => {
  it("works", async () => {
    const d = await openDataset("mnist:test");
    const l = createLoader(d, { batchSize: 64, random: createGenerator(1), workers: 2, augmentation: { cropPadding: 2 } });
    const t = performance.now();
    const b = await l.batch(5);
    console.log(performance.now() - t);
    const l0 = createLoader(d, { batchSize: 64, random: createGenerator(1), workers: 0, augmentation: { cropPadding: 2 } });
    const t1 = performance.now();
    const b0 = await l0.batch(5);
    console.log(performance.now() - t1);
    for (let i = 6; i < 60; i++) await l0.batch(i);
    console.log(performance.now() - t1);
    expect(b.images).toEqual(b0.images);
    await l.dispose();
  });
});
