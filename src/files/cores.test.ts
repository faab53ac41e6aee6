import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { coreCount } from "./index.js";

let root = "";
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), "holdfast-cores-"))));
afterEach(() => rm(root, { recursive: true }));

/** The core count with these files, below `mount` for the cgroup mount and in `own` beside it. */
async function cores(files: Readonly<Record<string, string>>): Promise<number> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return coreCount({ mount: join(root, "mount"), own: join(root, "own") });
}

const all = availableParallelism();

test.each([
  ["no control groups", {}, all],
  ["no limit", { "mount/cpu.max": "max 100000\n", own: "0::/\n" }, all],
  ["a container's quota of one core", { "mount/cpu.max": "100000 100000\n", own: "0::/\n" }, 1],
  ["half a core", { "mount/cpu.max": "50000 100000\n" }, 1],
  ["one and a half cores", { "mount/cpu.max": "150000 100000\n" }, 1],
  ["a quota above the core count", { "mount/cpu.max": `${(all + 5) * 100000} 100000\n` }, all],
  [
    "a group around its own",
    { "mount/a/cpu.max": "100000 100000\n", "mount/a/b/cpu.max": "max 100000\n", own: "0::/a/b\n" },
    1,
  ],
  ["version 1", { "mount/cpu/cpu.cfs_quota_us": "100000\n", "mount/cpu/cpu.cfs_period_us": "100000\n" }, 1],
  ["version 1 without a limit", { "mount/cpu/cpu.cfs_quota_us": "-1\n" }, all],
  ["a quota that is not a number", { "mount/cpu.max": "much\n" }, all],
])("core count with %s", async (_, files, expected) => {
  expect(await cores(files)).toBe(expected);
});
