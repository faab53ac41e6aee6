import { expect, test } from "vitest";
import { availableMemory, formatBytes, parseBytes } from "./memory.js";

test("sizes are parsed in powers of 1024", () => {
  const [MB, GB] = [2 ** 20, 2 ** 30];
  const sizes: readonly (readonly [string, number | undefined])[] = [
    ["8GB", 8 * GB],
    ["8 GiB", 8 * GB],
    ["1.5g", 1.5 * GB],
    ["512M", 512 * MB],
    ["1000000", 1_000_000],
    ["0", undefined],
    ["GB", undefined],
    ["8XB", undefined],
    ["-1GB", undefined],
  ];
  for (const [text, bytes] of sizes) expect(parseBytes(text), text).toBe(bytes);
  expect([formatBytes(9.1 * GB), formatBytes(12 * GB), formatBytes(300 * MB)]).toEqual([
    "9.1 GB",
    "12 GB",
    "300 MB",
  ]);
});

test("some memory is available", () => {
  expect(availableMemory()).toBeGreaterThan(2 ** 20);
});
