import { link, lstat, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { InputError, UsageError } from "../errors/index.js";
import { fileError } from "./files.js";

/** Lets a lock go. */
export type Unlock = () => Promise<void>;

/**
 * Holds a folder for this process by the file `lock` in it; the returned function lets it go. The
 * lock of a process that is no more is taken over.
 *
 * @throws UsageError when another process holds it.
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

/** As {@link lockFolder}, but undefined when another process of this machine holds it. */
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

/** A process that could not see this one run may have taken the lock over. */
async function release(lock: string, own: string): Promise<void> {
  if ((await textOf(lock)) === own) await rm(lock, { force: true });
}

/** Whether the lock could be made. It appears with its content, so that nobody reads an empty one. */
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

/** What file systems without hard links answer. */
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

/** A lock never has more. */
const MOST_BYTES = 100;

/** What a lock says; empty when it is gone, or cannot be one of ours. @throws InputError when it is no plain file. */
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

/** Two processes may find the same stale lock: the second one must not remove what the first put in its place. */
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
 * Whether the process that wrote the lock still runs. Numbers are used again, in a container at once: where the
 * system tells when a process began, the lock says it too, and another start is another process.
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

/** A killed process keeps its number until its parent asks for its exit code: in many containers, for ever. */
async function isDefunct(pid: number): Promise<boolean> {
  return /^[ZX]/.test((await statusOf(pid))[0] ?? "");
}

/** When the process began, in ticks since the machine did; empty where the system does not tell. */
async function startOf(pid: number): Promise<string> {
  return (await statusOf(pid))[START] ?? "";
}

/** Place of `starttime` in what follows the command: field 22 of proc(5). */
const START = 19;

/** The fields of a process from its state on. */
async function statusOf(pid: number): Promise<readonly string[]> {
  if (process.platform !== "linux") return [];
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // pid (command) state …; the command may hold parentheses itself.
  const rest = stat.slice(stat.lastIndexOf(")") + 2).trim();
  return rest === "" ? [] : rest.split(" ");
}
