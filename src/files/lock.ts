import { open, readFile, rm } from "node:fs/promises";
import { UsageError } from "../errors/index.js";
import { fileError } from "./files.js";

/**
 * Holds a folder for this process by the file `lock` in it; the returned function lets it go. The
 * lock of a process that is no more is taken over.
 *
 * @throws UsageError when another process holds it.
 */
export async function lockFolder(folder: string, lock: string): Promise<() => Promise<void>> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const file = await open(lock, "wx");
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw fileError(error, lock);
    }
    const holder = Number(await readFile(lock, "utf8").catch(() => ""));
    if (await isRunning(holder)) break;
    await rm(lock, { force: true });
  }
  throw new UsageError({
    place: folder,
    problem: "is in use by another process",
    remedy: `Wait for it to end. If none is running, delete ${lock}.`,
  });
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
