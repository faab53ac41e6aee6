import { describe, expect, it } from "vitest";
import { createGenerator } from "../../tensor/index.js";
import { openDataset } from "../index.js";
import { createLoader } from "./loader.js";

describe("loader", () => {
  it("gives the same bytes with workers and without, at any step", async () => {
    const dataset = await openDataset("mnist:test");
    const common = { batchSize: 64, augmentation: { cropPadding: 2 } };
    const alone = createLoader(dataset, { ...common, random: createGenerator(1), workers: 0 });
    const helped = createLoader(dataset, { ...common, random: createGenerator(1), workers: 2 });
    for (const step of [5, 6, 0]) {
      const [a, b] = [await alone.batch(step), await helped.batch(step)];
      expect(b.images).toEqual(a.images);
      expect(b.labels).toEqual(a.labels);
    }
    await alone.dispose();
    await helped.dispose();
  });
});
