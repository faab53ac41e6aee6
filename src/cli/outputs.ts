import { realpathSync, statSync, type BigIntStats } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "../errors/index.js";

/** Paths by what they are called on the command line; absent ones were not given. */
export type Named = Readonly<Record<string, string | undefined>>;

/** Files of a run folder, which is an input as a whole. */
const RUN_FILES = ["model.onnx", "config.json", "manifest.json", "log.jsonl"];

/**
 * Refuses an output that is an input or another output, before anything is computed or overwritten. A device or a pipe may
 * be named twice.
 *
 * @throws UsageError naming the option.
 */
export function checkOutputs(outputs: Named, inputs: Named): void {
  const taken = new Map<string, string>();
  for (const [name, path] of Object.entries(inputs)) {
    if (path === undefined) continue;
    // Data may be followed by a split: photos.csv:test.
    for (const file of [path, path.replace(/:\w+$/, ""), ...RUN_FILES.map((own) => join(path, own))]) {
      const key = existing(file);
      if (key !== undefined) taken.set(key, `${name}: ${file}`);
    }
  }
  for (const [name, path] of Object.entries(outputs)) {
    if (path === undefined || isDevice(path)) continue;
    const key = existing(path) ?? planned(path);
    const other = taken.get(key);
    if (other !== undefined) {
      throw new UsageError({
        place: `${name} ${path}`,
        problem: `would overwrite ${other}`,
        remedy: "Give it another name.",
      });
    }
    taken.set(key, `${name}: ${path}`);
  }
}

/** What is there, at the end of all links; undefined where nothing is, or nothing that can be seen. */
function lookUp(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

/** A file by what it is, whatever links lead to it. */
function existing(path: string): string | undefined {
  const found = lookUp(path);
  return found && `${found.dev}:${found.ino}`;
}

/** A file to be, by its folder and name. */
function planned(path: string): string {
  const folder = resolve(dirname(path));
  try {
    return join(realpathSync(folder), basename(path));
  } catch {
    // Writing there fails, and says why.
    return join(folder, basename(path));
  }
}

function isDevice(path: string): boolean {
  const found = lookUp(path);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}
