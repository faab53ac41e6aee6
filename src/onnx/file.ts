import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, sep } from "node:path";
import { InputError } from "../errors/index.js";
import { fileError, outputPath, readFileChecked, replaceFile, writeFileAtomic } from "../files/index.js";
import { bytesInFile, fileBytes } from "./four-bits.js";
import type { Model } from "./model.js";
import type { ExternalReference, ReadExternal } from "./read-tensor.js";
import { readModel } from "./read.js";
import { writeModel } from "./write.js";

/**
 * Reads an ONNX file and its external weights. These must be plain files in the model's folder or below: no links, no
 * `..` and no absolute paths, which CVE-2022-25882 and its successors used to read other files.
 *
 * @throws InputError naming the file and what is wrong with it.
 */
export async function readModelFile(path: string): Promise<Model> {
  return readModel(await readFileChecked(path, LARGEST_FILE, TOO_LARGE), {
    place: path,
    external: externalReader(path),
  });
}

/** A protobuf message is smaller than 2 GiB. */
const LARGEST_FILE = 2 ** 31 - 1;
const TOO_LARGE = "Export the model with its weights in files beside it (external data).";

function externalReader(model: string): ReadExternal {
  return (reference, size) => {
    const fail = (problem: string): never => {
      throw new InputError({
        place: `${model}: external data "${reference.location.slice(0, 200)}"`,
        problem,
        remedy: "Weights must be in plain files beside the model or in a folder below it.",
      });
    };
    const path = containedPath(dirname(model), reference.location, fail);
    return readRange(path, reference, size, fail);
  };
}

function containedPath(folder: string, location: string, fail: (problem: string) => never): string {
  const parts = location.split("/");
  if (location === "" || parts.some((part) => part === "" || part === "." || part === "..")) {
    if (isAbsolute(location)) fail("is an absolute path");
    fail('is empty or has an empty, "." or ".." part');
  }
  if (/[\\\0]/.test(location) || /^[a-z]:/i.test(location)) fail("has a backslash, a NUL or a drive letter");
  const path = join(folder, ...parts);
  try {
    const base = realpathSync(folder);
    const parent = realpathSync(dirname(path));
    if (parent !== base && !parent.startsWith(base + sep))
      fail("leads out of the model's folder through a link");
    const link = lstatSync(path);
    if (link.isSymbolicLink()) fail("is a symbolic link");
    if (!link.isFile()) fail("is not a plain file");
    if (link.nlink > 1) fail("is a hard link: it has another name elsewhere");
  } catch (error) {
    throw fileError(error, path);
  }
  return path;
}

function readRange(
  path: string,
  { offset, length }: ExternalReference,
  size: number,
  fail: (problem: string) => never,
): Uint8Array {
  // Opened without following links and checked again, because the path may have changed meanwhile.
  const descriptor = openSync(
    path,
    constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0),
  );
  try {
    const file = fstatSync(descriptor);
    if (!file.isFile() || file.nlink > 1) fail("is not a plain file");
    const wanted = length ?? size;
    if (wanted !== size) fail(`has ${wanted} bytes for a tensor of ${size}`);
    if (offset + size > file.size) {
      fail(`ends at byte ${file.size}, but the tensor needs ${size} bytes from byte ${offset} on`);
    }
    const bytes = new Uint8Array(size);
    let done = 0;
    while (done < size) {
      const read = readSync(descriptor, bytes, done, size - done, offset + done);
      if (read === 0) fail("became shorter during reading");
      done += read;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

/** Weights of more bytes go to a file beside the model, because a protobuf message must be smaller than 2 GiB. */
const INLINE_LIMIT = 1.5e9;
const ALIGNMENT = 4096;

/**
 * Writes an ONNX file atomically. If the weights have more than `inlineLimit` bytes (1.5 GB by default), they go to
 * `NAME.data` beside it, which is written first.
 *
 * @throws InputError if the disk is full or the path is not writable. An existing file then stays.
 */
export async function writeModelFile(
  path: string,
  model: Model,
  { inlineLimit = INLINE_LIMIT }: { readonly inlineLimit?: number } = {},
): Promise<void> {
  const sizes = [...model.graph.initializers.values()].map(({ dtype, data }) =>
    bytesInFile(dtype, data.length),
  );
  if (sizes.reduce((sum, size) => sum + size, 0) <= inlineLimit) {
    return writeFileAtomic(path, writeModel(model));
  }
  // If the path is a link, the weights go beside its target.
  const target = await outputPath(path);
  const location = `${basename(target)}.data`;
  const pieces: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  let end = 0;
  const small = writeModel(model, {
    external: (_, tensor) => {
      const bytes = fileBytes(tensor);
      const { length } = bytes;
      if (length < 1024) return undefined;
      const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
      pieces.push({ at: offset, bytes });
      end = offset + length;
      return { location, offset, length };
    },
  });
  const weights = new Uint8Array(end);
  for (const { at, bytes } of pieces) weights.set(bytes, at);
  await replaceFile(join(dirname(target), location), weights);
  await writeFileAtomic(target, small);
}
