import type { RandomStream } from "../../tensor/index.js";
import { mapValues, type Planes } from "./planes.js";

/** x + N(0, c²) */
export function gaussianNoise(image: Planes, deviation: number, random: RandomStream): Planes {
  return mapValues(image, (value) => value + deviation * random.normal());
}

/** Poisson(c x) / c: the grain of few photons. */
export function shotNoise(image: Planes, photons: number, random: RandomStream): Planes {
  const tables = new Map<number, Float64Array>();
  return mapValues(image, (value) => {
    const mean = value * photons;
    let table = tables.get(mean);
    if (table === undefined) tables.set(mean, (table = poissonTable(mean)));
    return atLeast(table, random.uniform()) / photons;
  });
}

/** A share of the values becomes 0 or 1, with equal probability. */
export function impulseNoise(image: Planes, share: number, random: RandomStream): Planes {
  const flipped = mapValues(image, () => random.uniform()).data;
  return mapValues(image, (value, i) => {
    const isSalt = random.uniform() <= 0.5;
    return flipped[i]! <= share ? Number(isSalt) : value;
  });
}

/** P(N ≤ k) for k = 0, 1, … until float64 has no more to add. Means are at most 500, so exp(−500) is not denormal. */
function poissonTable(mean: number): Float64Array {
  const table: number[] = [];
  let term = Math.exp(-mean);
  let sum = 0;
  for (let k = 0; ; k++) {
    sum += term;
    table.push(sum);
    term *= mean / (k + 1);
    if (k > mean && term < 1e-18) return Float64Array.from(table);
  }
}

/** The first index whose number is at least `value`; the length of the table if there is none. */
function atLeast(table: Float64Array, value: number): number {
  let [low, high] = [0, table.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (table[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
