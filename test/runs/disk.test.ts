import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PROGRAM } from "./holdfast.js";

/** A real disk of 400 KB, where this process may mount one. */
const root = mkdtempSync(join(tmpdir(), "holdfast-disk-"));
const disk = join(root, "disk");
const mounted = (() => {
  mkdirSync(disk);
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  return spawnSync("mount", ["-t", "tmpfs", "-o", "size=400k", "tmpfs", disk]).status === 0;
})();

const holdfast = (...args: string[]): { code: number | null; stderr: string } => {
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: "utf8" });
  return { code: status, stderr };
};

describe.runIf(mounted)("a full disk", () => {
  beforeAll(() => writeFileSync(join(disk, "ballast"), new Uint8Array(150_000)));
  afterAll(() => execFileSync("umount", [disk]));

  test("stops a training with its last whole checkpoint kept; freed, it goes on", () => {
    const out = join(disk, "run");
    const tiny = [
      "--limit",
      "200",
      "--epochs",
      "1",
      "--batch-size",
      "32",
      "--steps",
      "1",
      "--validation",
      "50",
    ];
    const full = holdfast("train", "--recipe", "undefended", "--threads", "1", ...tiny, "--out", out);
    expect(full.code, full.stderr).toBe(3);
    expect(full.stderr).toMatch(/disk is full/);
    expect(full.stderr).toMatch(/Free some space/);
    const left = [...readdirSync(out), ...readdirSync(join(out, "checkpoints"))];
    expect(left.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    execFileSync("mount", ["-o", "remount,size=20m", disk]);
    const freed = holdfast("train", "--resume", out);
    expect(freed.code, freed.stderr).toBe(0);
  });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));
