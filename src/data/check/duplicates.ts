/** Finds duplicate images: the same bytes, or pictures that look alike. */
import type { ImageFacts, Look } from "./image.js";

/** Places of two or more duplicate images, in order. */
export interface SameImages {
  readonly kind: "same bytes" | "looks alike";
  readonly places: readonly number[];
}

/** Most bits, of 256, in which the hashes of similar pictures may differ. */
const MOST_BITS = 12;
/**
 * If 12 bits differ, at least one of 13 rows is equal. Uses the middle rows, because many pictures have the
 * same plain background at the edges.
 */
const ROWS = Array.from({ length: MOST_BITS + 1 }, (_, i) => i + 2);
/** Largest mean difference of the thumbnails, in gray levels. */
const MOST_DIFFERENCE = 6;

/**
 * Groups of images with the same bytes, then groups of pictures that look alike (which may include files with
 * the same bytes, but never only those). Uniform pictures have no distinctive look, so they are compared only
 * by their bytes. `undefined` means a file that cannot be read.
 */
export function findSameImages(facts: readonly (ImageFacts | undefined)[]): SameImages[] {
  const byBytes = new Map<string, number[]>();
  facts.forEach((each, place) => {
    if (each !== undefined) pushTo(byBytes, each.sha256, place);
  });
  const sameBytes = [...byBytes.values()].filter((places) => places.length > 1);
  // One file represents all with the same bytes.
  const first = [...byBytes.values()].map((places) => places[0]!).filter((place) => !facts[place]!.uniform);
  const alike = groupsOf(
    first,
    alikePairs(first, (place) => facts[place]!.look),
  ).map((places) => places.flatMap((place) => byBytes.get(facts[place]!.sha256)!).sort((a, b) => a - b));
  return [
    ...sameBytes.map((places): SameImages => ({ kind: "same bytes", places })),
    ...alike.map((places): SameImages => ({ kind: "looks alike", places })),
  ];
}

/** Only compares pictures whose hashes share a row. */
function alikePairs(places: readonly number[], lookOf: (place: number) => Look): [number, number][] {
  const pairs: [number, number][] = [];
  const compared = new Set<number>();
  const most = places.reduce((greatest, place) => Math.max(greatest, place), 0) + 1;
  for (const row of ROWS) {
    const rows = new Map<number, number[]>();
    for (const place of places) pushTo(rows, lookOf(place).hash[row]!, place);
    for (const bucket of rows.values()) {
      for (let i = 1; i < bucket.length; i++) {
        for (let j = 0; j < i; j++) {
          const [a, b] = [bucket[j]!, bucket[i]!];
          if (bitsApart(lookOf(a).hash, lookOf(b).hash) > MOST_BITS || compared.has(a * most + b)) continue;
          compared.add(a * most + b);
          if (difference(lookOf(a).thumbnail, lookOf(b).thumbnail) <= MOST_DIFFERENCE) pairs.push([a, b]);
        }
      }
    }
  }
  return pairs;
}

/** Connected components, sorted; places without a pair are left out. */
function groupsOf(places: readonly number[], pairs: readonly (readonly [number, number])[]): number[][] {
  const parent = new Map(places.map((place) => [place, place]));
  const root = (place: number): number => {
    let at = place;
    while (parent.get(at) !== at) at = parent.get(at)!;
    return at;
  };
  for (const [a, b] of pairs) {
    const [left, right] = [root(a), root(b)];
    if (left !== right) parent.set(Math.max(left, right), Math.min(left, right));
  }
  const groups = new Map<number, number[]>();
  for (const place of places) pushTo(groups, root(place), place);
  return [...groups.values()].filter((group) => group.length > 1);
}

function bitsApart(a: Uint16Array, b: Uint16Array): number {
  let bits = 0;
  for (let i = 0; i < a.length; i++) {
    for (let word = a[i]! ^ b[i]!; word !== 0; word &= word - 1) bits++;
    if (bits > MOST_BITS) return bits;
  }
  return bits;
}

function difference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / a.length;
}

function pushTo<K>(map: Map<K, number[]>, key: K, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
