import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sha256Of } from "../files/index.js";
import { encodeNpy, tensor } from "../tensor/index.js";
import { readCrafted } from "./craft-piece.js";
import { definePiece } from "./piece.js";
import { openStore, type Store } from "./store.js";

let root = "";
beforeAll(async () => (root = await mkdtemp(join(tmpdir(), "holdfast-craft-"))));
afterAll(() => rm(root, { recursive: true }));

/** Two captures of two images of two pixels; a pixel of the second capture's first image is NaN. */
const CRAFTED = Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, NaN, 0.7, 0.8);
const batch = { images: Float32Array.of(0, 0.25, 0.5, 0.75), size: 2 };
const craft = { iterations: [10, 20], piece: definePiece("craft", "craft", {}) };

/** A finished craft, whose file has the given sha256. */
async function storeOf(sha256?: string): Promise<Store> {
  const store = openStore(root);
  const bytes = encodeNpy(tensor("float32", [2, 2, 1, 1, 2], CRAFTED));
  await writeFile(join(await store.folder(craft.piece), "00000.npy"), bytes);
  const files = [{ name: "00000.npy", sha256: sha256 ?? sha256Of(bytes) }];
  const capture = { largestPerturbation: 0.25, nonFinite: 1 };
  await store.finish(craft.piece, { files, captures: [capture, capture] }, 1);
  return store;
}

test("the clean image stands for one that is not finite; the others are as they were made", async () => {
  const [ten, twenty] = await readCrafted(await storeOf(), craft, 0, batch);
  expect(ten).toEqual(CRAFTED.slice(0, 4));
  expect(twenty).toEqual(Float32Array.of(0, 0.25, 0.7, 0.8));
});

test("images that have changed are refused, with the remedy", async () => {
  await expect(readCrafted(await storeOf("0".repeat(64)), craft, 0, batch)).rejects.toThrow(
    /sha256 differs.*the images will be made again/s,
  );
});
