import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { readFileChecked } from "../../files/index.js";
import { foreignFiles } from "../../models/description/foreign-config.js";

/** sha256 of a file, read in pieces. */
async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest("hex");
}

/**
 * Identifies data by their bytes: every file below a folder with its name, or one file. A name that is not a path (mnist)
 * identifies itself. Undefined if files elsewhere may belong to it: the pictures of a table, or a link to a folder.
 */
export async function hashData(data: string): Promise<string | undefined> {
  const path = existsSync(data) ? data : data.replace(/:[\w-]+$/, "");
  if (!existsSync(path)) return data;
  if (!(await stat(path)).isDirectory()) {
    return /\.(?:csv|tsv|txt)$/i.test(path) ? undefined : `${data} ${await hashFile(path)}`;
  }
  const hash = createHash("sha256").update(data);
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const file of files.sort()) {
    if (!(await stat(file)).isFile()) return undefined;
    hash.update(`\n${file.slice(path.length)} ${await hashFile(file)}`);
  }
  return hash.digest("hex");
}

/** A field of ONNX's external data in its bytes: key "location", then the length of the file's name. */
const LOCATION = Buffer.from("\n\u0008location\u0012");

/**
 * Identifies a model by its bytes: the file, its external data, and any file beside it that may describe its
 * preprocessing. Undefined if external data are missing.
 */
export async function hashModel(path: string): Promise<string | undefined> {
  const bytes = Buffer.from(await readFileChecked(path));
  const files = new Set<string>();
  for (let at = bytes.indexOf(LOCATION); at >= 0; at = bytes.indexOf(LOCATION, at + 1)) {
    const from = at + LOCATION.length;
    files.add(join(dirname(path), bytes.toString("utf8", from + 1, from + 1 + bytes[from]!)));
  }
  if (![...files].every((file) => existsSync(file))) return undefined;
  const stem = basename(path).replace(/\.onnx$/i, "");
  for (const name of await readdir(dirname(path))) {
    if (name.startsWith(`${stem}.`) && name !== basename(path)) files.add(join(dirname(path), name));
  }
  for (const file of foreignFiles(path)) if (existsSync(file)) files.add(file);
  const hash = createHash("sha256").update(bytes);
  for (const file of [...files].sort()) {
    if (!(await stat(file)).isFile()) return undefined;
    hash.update(`\n${relative(dirname(path), file)} ${await hashFile(file)}`);
  }
  return hash.digest("hex");
}

/** Cache key of a piece of work: equal parts give equal keys. */
export function cacheKey(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}
