/** Archives of pictures, also such as archivers would not write. */
import { buffer } from "node:stream/consumers";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import sharp from "sharp";
import { pack } from "tar-stream";
import { afterAll, beforeAll } from "vitest";

/** Contents by name. */
export type Files = Readonly<Record<string, Uint8Array | string>>;

/** A tar; `more` are headers of entries without content. */
export async function tarOf(
  files: Files,
  more: Parameters<ReturnType<typeof pack>["entry"]>[0][] = [],
): Promise<Buffer> {
  const writer = pack();
  for (const [name, bytes] of Object.entries(files)) writer.entry({ name }, Buffer.from(bytes as Uint8Array));
  for (const header of more) writer.entry(header, "");
  writer.finalize();
  return buffer(writer);
}

/** A zip by hand: what archivers would not write can be written too. */
export function zipOf(
  files: Files,
  change: { readonly claimed?: number; readonly mode?: number; readonly deflate?: boolean } = {},
): Buffer {
  const [parts, directory]: [Buffer[], Buffer[]] = [[], []];
  let at = 0;
  for (const [name, content] of Object.entries(files)) {
    const raw = Buffer.from(content as Uint8Array);
    const packed = change.deflate === true ? deflateRawSync(raw) : raw;
    const size = change.claimed ?? raw.length;
    const method = change.deflate === true ? 8 : 0;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x0800, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(change.deflate === true ? size : packed.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), packed]);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(((change.mode ?? 0o100644) << 16) >>> 0, 6);
    central.writeUInt32LE(at, 10);
    directory.push(
      Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 3]), common, central, Buffer.from(name)]),
    );
    parts.push(local);
    at += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(at, 12);
  return Buffer.concat([...parts, listed, Buffer.from("PK\x05\x06"), end]);
}

/** A picture of one colour. */
export function plainPicture(r: number, g: number, b: number): Promise<Buffer> {
  return sharp({ create: { width: 9, height: 7, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer();
}

/** Five pictures of each of two classes, in folders. */
export function treeOf(prefix = "", cats: Uint8Array = red, dogs: Uint8Array = blue): Files {
  return Object.fromEntries(
    Array.from({ length: 5 }, (_, i) => [
      [`${prefix}cats/${i}.png`, cats] as const,
      [`${prefix}dogs/${i}.png`, dogs] as const,
    ]).flat(),
  );
}

/** The pictures of most archives. */
export const [red, blue] = await Promise.all([plainPicture(255, 0, 0), plainPicture(0, 0, 255)]);

/** Where the archives of a test file lie. */
export const folder = { path: "" };

/** Makes the folder before a file's tests, and removes it after them. */
export function inFolderOfArchives(): void {
  beforeAll(async () => {
    folder.path = await mkdtemp(join(tmpdir(), "holdfast-archives-"));
  });
  afterAll(() => rm(folder.path, { recursive: true }));
}

/** Writes an archive; its path. */
export async function kept(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, bytes);
  return path;
}

/** Why a dataset was not opened. Words alone: one that was opened all the same is too large to be shown. */
export const said = (opened: Promise<unknown>): Promise<string> =>
  opened.then(
    () => "opened",
    (error: unknown) => (error as Error).message,
  );
