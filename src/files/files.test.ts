import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InputError } from "../errors/index.js";
import {
  checkPlainFile,
  ensureFolder,
  fileError,
  lockFolder,
  readFileChecked,
  readFileCheckedSync,
  readJson,
  removeOwn,
  replaceFile,
  writeFileAtomic,
} from "./index.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-files-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("writeFileAtomic", () => {
  test("replaces the whole file and leaves nothing beside it", async () => {
    const path = join(folder, "a.json");
    await writeFileAtomic(path, "old");
    await writeFileAtomic(path, "new");
    expect(await readFile(path, "utf8")).toBe("new");
    expect(await readdir(folder)).toEqual(["a.json"]);
  });

  test("follows a link and replaces its target", async () => {
    await mkdir(join(folder, "elsewhere"));
    const target = join(folder, "elsewhere", "target");
    await writeFile(target, "old", { mode: 0o600 });
    const before = (await stat(target)).ino;
    await symlink(join("elsewhere", "target"), join(folder, "link"));
    await symlink("link", join(folder, "out"));
    await writeFileAtomic(join(folder, "out"), "new");
    expect(await readFile(target, "utf8")).toBe("new");
    expect(await readlink(join(folder, "out"))).toBe("link");
    expect((await stat(target)).ino).not.toBe(before);
    expect((await stat(target)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(folder, "elsewhere"))).toEqual(["target"]);
  });

  test("follows a link whose target does not exist yet", async () => {
    await symlink("later", join(folder, "out"));
    await writeFileAtomic(join(folder, "out"), "new");
    expect(await readFile(join(folder, "later"), "utf8")).toBe("new");
  });

  test.runIf(process.platform === "linux")("writes a FIFO and a device through", async () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    await symlink("fifo", join(folder, "out"));
    // Opened for reading and writing, so that neither end waits for the other.
    const reader = await open(fifo, "r+");
    await writeFileAtomic(join(folder, "out"), "through");
    const { bytesRead, buffer } = await reader.read();
    await reader.close();
    expect(buffer.subarray(0, bytesRead).toString()).toBe("through");
    expect((await stat(fifo)).isFIFO()).toBe(true);
    await symlink("/dev/null", join(folder, "null"));
    await writeFileAtomic(join(folder, "null"), "gone");
    expect((await stat(join(folder, "null"))).isCharacterDevice()).toBe(true);
    expect(await readlink(join(folder, "null"))).toBe("/dev/null");
  });

  test.runIf(process.platform === "linux")("writes /dev/fd as what is open there", async () => {
    const file = await open(join(folder, "open"), "w");
    await file.writeFile("before, ");
    await writeFileAtomic(`/dev/fd/${file.fd}`, "after");
    await file.close();
    expect(await readFile(join(folder, "open"), "utf8")).toBe("before, after");
  });

  test.each([
    ["a missing folder", async () => join(folder, "no", "file"), "does not exist"],
    [
      "a file where a folder should be",
      async () => {
        await writeFile(join(folder, "file"), "");
        return join(folder, "file", "x");
      },
      "treats a file as a folder",
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
  ])("%s is reported, and nothing is left behind", async (_, prepare, words) => {
    const path = await prepare();
    const before = await readdir(folder);
    const error = await writeFileAtomic(path, "x").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toContain(words);
    expect(await readdir(folder)).toEqual(before);
  });

  test("replaceFile replaces a planted link and leaves its target alone", async () => {
    const victim = join(folder, "victim");
    await writeFile(victim, "precious");
    await symlink(victim, join(folder, "out"));
    await replaceFile(join(folder, "out"), "new");
    expect(await readFile(victim, "utf8")).toBe("precious");
    expect(await readFile(join(folder, "out"), "utf8")).toBe("new");
  });

  // Writing to /dev/full fails like a full disk. A real one would need a mount.
  test.runIf(process.platform === "linux")("a full disk is named", async () => {
    const cause = await writeFile("/dev/full", "x").catch((e: unknown) => e);
    const error = fileError(cause, "run/model.onnx");
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(/run\/model\.onnx.*disk is full/);
  });
});

test("a missing file, or a file used as a folder, is reported", async () => {
  await expect(readFileChecked(join(folder, "none"))).rejects.toThrow(/none: does not exist/);
  await expect(readFileChecked(join(folder, "a\0b"))).rejects.toThrow(/has a NUL in its name/);
  await writeFile(join(folder, "file"), "");
  await expect(ensureFolder(join(folder, "file", "x"))).rejects.toThrow(InputError);
});

test("link cycles, long names, large files and failing disks are reported", async () => {
  const round = join(folder, "round");
  await symlink(round, round);
  await expect(readFileChecked(round)).rejects.toThrow(/round: leads through circular links/);
  await expect(readFileChecked(join(folder, "x".repeat(1000)))).rejects.toThrow(/name that is too long/);
  // Producing these for real takes two gigabytes or a broken disk.
  for (const [code, words] of [
    ["ERR_FS_FILE_TOO_LARGE", "too large to be read"],
    ["EIO", "the disk reports an error"],
  ] as const) {
    const error = fileError(Object.assign(new Error(code), { code }), "a.png");
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toContain(words);
  }
});

describe("anything but a plain file", () => {
  test.runIf(process.platform === "linux")("is refused at once", async () => {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    await expect(readFileChecked(fifo)).rejects.toThrow(/fifo: is a FIFO, not a file/);
    await expect(readFileChecked("/dev/zero")).rejects.toThrow(/is a device, not a file/);
    for (const read of [readFileCheckedSync, checkPlainFile]) {
      expect(() => read(fifo)).toThrow(/fifo: is a FIFO, not a file/);
      expect(() => read(folder)).toThrow(/is a folder, not a file/);
      expect(() => read(join(folder, "none"))).toThrow(/none: does not exist/);
      expect(() => read(join(folder, "a\0b"))).toThrow(/has a NUL in its name/);
    }
  });

  test("a file above the size limit is not read", async () => {
    await writeFile(join(folder, "large"), "");
    await truncate(join(folder, "large"), 1.9e9);
    const refusal = { problem: "is no result", remedy: "Give one." };
    await expect(readJson(join(folder, "large"), refusal)).rejects.toThrow(/has 1900000000 bytes/);
  });

  test.each(["", "{", "nul", "\0", "\uFFFD{"])("JSON that is %j is refused", async (text) => {
    await writeFile(join(folder, "a.json"), text);
    const refusal = { problem: "is no result", remedy: "Give one." };
    const error = await readJson(join(folder, "a.json"), refusal).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toMatch(/a\.json: is no result: it is not JSON\n {2}Give one\./);
  });
});

test("removeOwn removes only its own names and follows no link", async () => {
  const [own, other] = [join(folder, "own"), join(folder, "other")];
  await mkdir(join(own, "below"), { recursive: true });
  await mkdir(other);
  for (const path of [join(own, "a"), join(own, "b"), join(own, "below", "a"), join(other, "a")]) {
    await writeFile(path, "x");
  }
  await symlink(other, join(own, "link"));
  await removeOwn(own, (name) => name !== "b");
  expect(await readdir(own)).toEqual(["b"]);
  await symlink(other, join(folder, "to-other"));
  await removeOwn(join(folder, "to-other"), () => true);
  expect(await readdir(other)).toEqual(["a"]);
  await removeOwn(own, () => true);
  expect((await readdir(folder)).sort()).toEqual(["other", "to-other"]);
});

describe("lockFolder", () => {
  test("keeps others out while its process runs, and takes over the lock of a killed process", async () => {
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
    expect(await readFile(lock, "utf8")).toMatch(new RegExp(`^${process.pid}( \\d+)?$`));
    await release();
    expect(await readdir(folder)).toEqual([]);
  });

  test("takes over a junk lock, and keeps one that this process wrote", async () => {
    const lock = join(folder, "lock");
    for (const junk of ["", "null", "{}", "-1", "1e3", "x".repeat(10_000), "\0\0\0"]) {
      await writeFile(lock, junk);
      const release = await lockFolder(folder, lock);
      await release();
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test.runIf(process.platform === "linux")("a process number that was used again holds nothing", async () => {
    const lock = join(folder, "lock");
    const release = await lockFolder(folder, lock);
    // The same process with the same start time: in use.
    await expect(lockFolder(folder, lock)).rejects.toThrow(/in use by another process/);
    const [, start] = (await readFile(lock, "utf8")).split(" ");
    await writeFile(lock, `${process.ppid} ${Number(start) + 1}`);
    const second = await lockFolder(folder, lock);
    await release();
    await second();
    expect(await readdir(folder)).toEqual([]);
  });

  test("something that is not a lock is reported and left alone", async () => {
    await mkdir(join(folder, "lock"));
    await expect(lockFolder(folder, join(folder, "lock"))).rejects.toThrow(/lock: is not a lock/);
  });

  test.runIf(process.platform === "linux")(
    "is taken over from a dead process whose parent never read its exit code",
    async () => {
      const lock = join(folder, "lock");
      // The shell starts a process, then replaces itself by one that never waits for it.
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
