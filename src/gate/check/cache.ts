import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { readFileChecked } from "../../files/index.js";
import { foreignFiles } from "../../models/index.js";

/** sha256 of a file, read a piece at a time. */
async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest("hex");
}

/**
 * What data hold, by their bytes: every file below a folder with its name, or one file. A name that is no path (mnist) stands for
 * itself. Undefined where files elsewhere may belong to it: the pictures of a table, a link to a folder.
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
 * What a model file is, by its bytes: the file, those that its external data lie in, and whatever beside it may say how it is
 * read. Undefined where external data are missing.
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

/** Name of what is kept of such work: equal parts, equal name. */
export function cacheKey(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}
