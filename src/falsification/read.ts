import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { InputError } from "../errors/index.js";
import { readFileChecked } from "../files/index.js";
import { propertyOf, type Property } from "./cases.js";
import { parseVnnlib } from "./parse.js";

/** A property with 150 000 inputs has 15 MB. */
const MOST_BYTES = 2 ** 27;

/**
 * Reads a property in VNN-LIB 1.0, compressed by gzip or not.
 *
 * @throws InputError naming the line that cannot be read or contradicts another, and the remedy.
 */
export async function readProperty(path: string): Promise<Property> {
  const bytes = await readFileChecked(path, MOST_BYTES, "Split the property into several files.");
  const text = new TextDecoder().decode(isGzip(bytes) ? await unzipped(bytes, path) : bytes);
  return propertyOf(parseVnnlib(text, path), path);
}

const isGzip = ([first, second]: Uint8Array): boolean => first === 0x1f && second === 0x8b;

async function unzipped(bytes: Uint8Array, place: string): Promise<Uint8Array> {
  return promisify(gunzip)(bytes, { maxOutputLength: MOST_BYTES }).catch((cause: unknown) => {
    const isLarge = (cause as { code?: string }).code === "ERR_BUFFER_TOO_LARGE";
    throw new InputError({
      place,
      problem: isLarge
        ? `unpacks to more than ${MOST_BYTES} bytes`
        : "cannot be unpacked: its gzip data is damaged",
      remedy: isLarge ? "Split the property into several files." : "Get the file again.",
      cause,
    });
  });
}
