import { link, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { UsageError } from "../errors/index.js";
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
    remedy: `Wait for it to end. If none is running, delete ${lock}.`,
  });
}

/** As {@link lockFolder}, but undefined when another process of this machine holds it. */
export async function tryLock(lock: string): Promise<Unlock | undefined> {
  for (let attempt = 0; attempt < 2; attempt++) {
    if (await create(lock)) return () => rm(lock, { force: true });
    const holder = await holderOf(lock);
    if (await isRunning(holder)) return undefined;
    await removeStale(lock, holder);
  }
  return undefined;
}

/** Whether the lock could be made. It appears with its content, so that nobody reads an empty one. */
async function create(lock: string): Promise<boolean> {
  const own = `${lock}.${process.pid}`;
  try {
    await writeFile(own, String(process.pid));
    await link(own, lock);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (!WITHOUT_LINKS.has(code ?? "")) throw fileError(error, lock);
    return await createPlainly(lock);
  } finally {
    await rm(own, { force: true });
  }
}

/** What file systems without hard links answer. */
const WITHOUT_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

async function createPlainly(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, "wx");
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw fileError(error, lock);
  }
}

async function holderOf(lock: string): Promise<number> {
  return Number(await readFile(lock, "utf8").catch(() => ""));
}

/** Two processes may find the same stale lock: the second one must not remove what the first put in its place. */
async function removeStale(lock: string, holder: number): Promise<void> {
  const aside = `${lock}.${process.pid}.stale`;
  try {
    await rename(lock, aside);
  } catch {
    return;
  }
  if ((await holderOf(aside)) !== holder) await link(aside, lock).catch(() => undefined);
  await rm(aside, { force: true });
}

/** A killed process keeps its number until its parent asks for its exit code: in many containers, for ever. */
async function isDefunct(pid: number): Promise<boolean> {
  if (process.platform !== "linux") return false;
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // pid (command) state …; the command may hold parentheses itself.
  return /^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
}

async function isRunning(pid: number): Promise<boolean> {
  // In a container the next process often has the number of the killed one.
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return !(await isDefunct(pid));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
