import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readSafetensors } from "../src/models/index.js";
import type { Tensor } from "../src/tensor/index.js";

/** A fixture of `test/fixtures`, made by the script of its name in `scripts/fixtures`. */
export function fixture(name: string): (key: string) => Tensor {
  const path = fileURLToPath(new URL(`fixtures/${name}.safetensors`, import.meta.url));
  const { tensors } = readSafetensors(readFileSync(path), { place: path });
  return (key) => {
    const found = tensors.get(key);
    if (found === undefined) throw new Error(`${path} has no tensor "${key}"`);
    return found;
  };
}

/** max |a − b| / max |b|. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    scale = Math.max(scale, Math.abs(expected[i]!));
    if (Number.isNaN(actual[i]!)) return NaN;
  }
  return scale === 0 ? difference : difference / scale;
}
