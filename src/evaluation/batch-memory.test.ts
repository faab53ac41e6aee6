import { expect, test } from "vitest";
import { smallNetwork } from "../../test/small-network.js";
import { rowsPerRun } from "../runtime/index.js";
import { batchWithin, type BatchMemory } from "./batch-memory.js";

const MB = 2 ** 20;
const classifier = smallNetwork();
const within = async (more: Partial<BatchMemory>): Promise<{ rows: number; warnings: string[] }> => {
  const warnings: string[] = [];
  const asked = { batchSize: 4096, attack: "pgd", norm: "linf", memory: undefined } as const;
  const onWarning = (message: string): void => void warnings.push(message);
  return { rows: await batchWithin([classifier], { ...asked, onWarning, ...more }), warnings };
};

test("as many images at a time as the limit takes", async () => {
  expect((await within({ memory: 2 ** 40 })).rows).toBe(4096);
  // As many as run at a time take no less than all of them.
  const { rows } = await within({ memory: 290 * MB });
  expect(rows).toBeGreaterThan(1);
  expect(rows).toBeLessThan(rowsPerRun(classifier, 4096));
  expect((await within({ memory: 285 * MB })).rows).toBeLessThan(rows);
  // A suite holds a program for each of its attacks.
  expect((await within({ memory: 290 * MB, attack: "auto" })).rows).toBeLessThan(rows);
  await expect(within({ memory: 100 * MB })).rejects.toThrow(
    /--memory: 100 MB is too little: one image at a time takes about 28\d MB/,
  );
});

test("without a limit what may not fit is said", async () => {
  expect((await within({ available: 2 ** 40 })).warnings).toEqual([]);
  const { rows, warnings } = await within({ available: 100 * MB });
  expect(rows).toBe(4096);
  expect(warnings.join()).toMatch(
    /^4096 images at a time take about \d+ MB, but only 100 MB is available: --memory 1GB attacks fewer at a time$/,
  );
});
