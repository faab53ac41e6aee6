import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InputError } from "../errors/index.js";
import { ensureFolder, fileError, lockFolder, readFileChecked, writeFileAtomic } from "./index.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-files-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("writeFileAtomic", () => {
  test("replaces the file whole and leaves nothing beside it", async () => {
    const path = join(folder, "a.json");
    await writeFileAtomic(path, "old");
    await writeFileAtomic(path, "new");
    expect(await readFile(path, "utf8")).toBe("new");
    expect(await readdir(folder)).toEqual(["a.json"]);
  });

  test("replaces a planted link and leaves what it pointed to alone", async () => {
    const victim = join(folder, "victim");
    await writeFile(victim, "precious");
    await symlink(victim, join(folder, "out"));
    await writeFileAtomic(join(folder, "out"), "new");
    expect(await readFile(victim, "utf8")).toBe("precious");
  });

  test.each([
    ["a missing folder", async () => join(folder, "no", "file"), "does not exist"],
    [
      "a file where a folder should be",
      async () => {
        await writeFile(join(folder, "file"), "");
        return join(folder, "file", "x");
      },
      "as if it were a folder",
    ],
    [
      "a folder where the file should be",
      async () => {
        await mkdir(join(folder, "d"));
        await writeFile(join(folder, "d", "inner"), "");
        return join(folder, "d");
      },
      "folder",
    ],
  ])("%s is named, and nothing is left behind", async (_, prepare, words) => {
    const path = await prepare();
    const before = await readdir(folder);
    const error = await writeFileAtomic(path, "x").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toContain(words);
    expect(await readdir(folder)).toEqual(before);
  });

  // Writing to /dev/full fails as a full disk does; a real one needs a mount.
  test.runIf(process.platform === "linux")("a full disk is named", async () => {
    const cause = await writeFile("/dev/full", "x").catch((e: unknown) => e);
    const error = fileError(cause, "run/model.onnx");
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(/run\/model\.onnx.*disk is full/);
  });
});

test("a missing file and a file as folder are named", async () => {
  await expect(readFileChecked(join(folder, "none"))).rejects.toThrow(/none: does not exist/);
  await writeFile(join(folder, "file"), "");
  await expect(ensureFolder(join(folder, "file", "x"))).rejects.toThrow(InputError);
});

test("a circle of links, a name too long, a file too large and a failing disk are named", async () => {
  const round = join(folder, "round");
  await symlink(round, round);
  await expect(readFileChecked(round)).rejects.toThrow(/round: leads through links in a circle/);
  await expect(readFileChecked(join(folder, "x".repeat(1000)))).rejects.toThrow(/name that is too long/);
  // What takes two gigabytes, or a broken disk, to bring about.
  for (const [code, words] of [
    ["ERR_FS_FILE_TOO_LARGE", "too large to be read"],
    ["EIO", "the disk reports an error"],
  ] as const) {
    const error = fileError(Object.assign(new Error(code), { code }), "a.png");
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toContain(words);
  }
});

describe("lockFolder", () => {
  test("keeps others out while its process runs, and is taken over from one that was killed", async () => {
    const lock = join(folder, "lock");
    const holder = spawn("sleep", ["60"]);
    try {
      await writeFile(lock, String(holder.pid));
      await expect(lockFolder(folder, lock)).rejects.toThrow(/in use by another process/);
    } finally {
      holder.kill("SIGKILL");
    }
    await once(holder, "exit");
    const release = await lockFolder(folder, lock);
    expect(await readFile(lock, "utf8")).toBe(String(process.pid));
    await release();
    expect(await readdir(folder)).toEqual([]);
  });

  test.runIf(process.platform === "linux")(
    "is taken over from one whose parent never asked for it",
    async () => {
      const lock = join(folder, "lock");
      // The shell starts a process, then becomes one that never waits for it.
      const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 60"]);
      try {
        const [pid] = (await once(parent.stdout, "data")) as [Buffer];
        const state = async (): Promise<string> => readFile(`/proc/${Number(pid)}/stat`, "utf8");
        await vi.waitFor(async () => expect(await state()).toMatch(/\) Z/), { timeout: 20_000 });
        await writeFile(lock, String(Number(pid)));
        await (
          await lockFolder(folder, lock)
        )();
      } finally {
        parent.kill("SIGKILL");
      }
    },
  );
});
