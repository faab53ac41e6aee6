import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../../errors/index.js";
import { fileError } from "../../files/index.js";
import { decodeImage, isHidden, READ_PICTURE, type ByteImage } from "../pixels/index.js";

/**
 * Reads all pictures of a folder in the order of their names: your own frost, such as the photographs of ImageNet-C.
 *
 * @throws InputError if there is none, or if one cannot be decoded.
 */
export async function readFrost(folder: string): Promise<ByteImage[]> {
  const entries = await readdir(folder).catch((error: unknown) => {
    throw fileError(error, folder);
  });
  const names = entries.filter((name) => READ_PICTURE.test(name) && !isHidden(name)).sort();
  if (names.length === 0) {
    throw new InputError({
      place: folder,
      problem: "holds no JPEG, PNG or WebP picture",
      remedy: "Give a folder with pictures of frost, or leave it out: textures are then made.",
    });
  }
  return Promise.all(names.map((name) => decodeImage(join(folder, name))));
}
