import { dirname, join } from "node:path";
import { ensureFolder, refuseLinks, replaceFile } from "../files/index.js";

/** A file that an export makes. */
export interface SharedFile {
  /** Path below the export folder, with `/` between folders. It holds no user-chosen character that a file system interprets. */
  readonly path: string;
  readonly content: Uint8Array | string;
}

/**
 * Writes files below a folder, which is created if missing, and returns their paths. Links in it are refused, so that
 * nothing is written elsewhere.
 *
 * @throws InputError on a full disk, missing permission or a link; existing files stay as they were.
 */
export async function writeShared(folder: string, files: readonly SharedFile[]): Promise<string[]> {
  const paths = files.map(({ path }) => join(folder, path));
  await refuseLinks(paths.flatMap((path) => [dirname(path), path]));
  for (const [i, { content }] of files.entries()) {
    await ensureFolder(dirname(paths[i]!));
    await replaceFile(paths[i]!, content);
  }
  return paths;
}
