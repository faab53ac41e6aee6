import { link, lstat, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { InputError, UsageError } from "../errors/index.js";
import { fileError } from "./files.js";

/** Releases a lock. */
export type Unlock = () => Promise<void>;

/**
 * Locks a folder for this process by the file `lock`. The returned function releases it. The lock of a process that has
 * ended is taken over.
 *
 * @throws UsageError if another process holds the lock.
 */
export async function lockFolder(folder: string, lock: string): Promise<Unlock> {
  const unlock = await tryLock(lock);
  if (unlock !== undefined) return unlock;
  throw new UsageError({
    place: folder,
    problem: "is in use by another process",
    remedy: `Wait for it to finish. If none is running, delete ${lock}.`,
  });
}

/** Whether a process of this machine holds a lock. */
export async function isLocked(lock: string): Promise<boolean> {
  return isHeld(await textOf(lock));
}

/** Like {@link lockFolder}, but returns undefined if another process of this machine holds the lock. */
export async function tryLock(lock: string): Promise<Unlock | undefined> {
  const own = [String(process.pid), await startOf(process.pid)].join(" ").trimEnd();
  for (let attempt = 0; attempt < 2; attempt++) {
    if (await create(lock, own)) return () => release(lock, own);
    const text = await textOf(lock);
    if (await isHeld(text)) return undefined;
    await removeStale(lock, text);
  }
  return undefined;
}

/** Removes the lock if it is still this process's own: one that could not see this process may have taken it over. */
async function release(lock: string, own: string): Promise<void> {
  if ((await textOf(lock)) === own) await rm(lock, { force: true });
}

/** Whether the lock could be created. It appears together with its content, so nobody reads an empty lock. */
async function create(lock: string, text: string): Promise<boolean> {
  const own = `${lock}.${process.pid}`;
  try {
    await rm(own, { force: true });
    await writeFile(own, text, { flag: "wx" });
    await link(own, lock);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (!WITHOUT_LINKS.has(code ?? "")) throw fileError(error, lock);
    return await createPlainly(lock, text);
  } finally {
    await rm(own, { force: true });
  }
}

/** Error codes of file systems without hard links. */
const WITHOUT_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

async function createPlainly(lock: string, text: string): Promise<boolean> {
  try {
    const file = await open(lock, "wx");
    await file.writeFile(text);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw fileError(error, lock);
  }
}

/** A lock is never longer. */
const MOST_BYTES = 100;

/** The text of a lock; empty if it is gone or cannot be ours. @throws InputError if it is not a plain file. */
async function textOf(lock: string): Promise<string> {
  const found = await lstat(lock).catch(() => undefined);
  if (found === undefined) return "";
  if (!found.isFile()) {
    throw new InputError({
      place: lock,
      problem: "is not a lock file but a link, a folder or a device",
      remedy: "Move it away.",
    });
  }
  return found.size > MOST_BYTES ? "" : readFile(lock, "utf8").catch(() => "");
}

/** Two processes may find the same stale lock. The second must not remove the new lock of the first. */
async function removeStale(lock: string, text: string): Promise<void> {
  const aside = `${lock}.${process.pid}.stale`;
  try {
    await rename(lock, aside);
  } catch {
    return;
  }
  if ((await textOf(aside)) !== text) await link(aside, lock).catch(() => undefined);
  await rm(aside, { force: true });
}

/**
 * Whether the process that wrote the lock is still running. Process IDs are reused, in a container at once. If the
 * system tells when a process started, the lock contains that too, and a different start means a different process.
 */
async function isHeld(text: string): Promise<boolean> {
  const [, number, start] = /^([1-9]\d{0,9})(?: (\d+))?\s*$/.exec(text) ?? [];
  if (number === undefined) return false;
  const pid = Number(number);
  if (start === undefined && pid === process.pid) return false;
  if (!isRunning(pid) || (await isDefunct(pid))) return false;
  const begun = await startOf(pid);
  return start === undefined || begun === "" || begun === start;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A killed process keeps its ID until its parent reads its exit code. In many containers that never happens. */
async function isDefunct(pid: number): Promise<boolean> {
  return /^[ZX]/.test((await statusOf(pid))[0] ?? "");
}

/** When the process started, in clock ticks since the machine did; empty if the system does not tell. */
async function startOf(pid: number): Promise<string> {
  return (await statusOf(pid))[START] ?? "";
}

/** Index of `starttime`, field 22 in proc(5), among the fields after the command. */
const START = 19;

/** The fields of a process in `/proc`, from its state on. */
async function statusOf(pid: number): Promise<readonly string[]> {
  if (process.platform !== "linux") return [];
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // pid (command) state …; the command may contain parentheses too.
  const rest = stat.slice(stat.lastIndexOf(")") + 2).trim();
  return rest === "" ? [] : rest.split(" ");
}
