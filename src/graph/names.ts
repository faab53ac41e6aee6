/** Names that are taken. */
export interface NameSet {
  has(name: string): boolean;
}

/**
 * Returns a function that makes names unique: `stem`, then `stem_1` and so on, skipping taken ones. Its time does not
 * grow with the number of names of one stem.
 */
export function freeNames(...taken: readonly (NameSet | undefined)[]): (stem: string) => string {
  const suffixes = new Map<string, number>();
  const isTaken = (name: string): boolean => taken.some((names) => names?.has(name));
  return (stem) => {
    const next = suffixes.get(stem);
    if (next === undefined && !isTaken(stem)) {
      suffixes.set(stem, 1);
      return stem;
    }
    let suffix = next ?? 1;
    while (isTaken(`${stem}_${suffix}`)) suffix++;
    suffixes.set(stem, suffix + 1);
    return `${stem}_${suffix}`;
  };
}

/** Drops trailing absent inputs (""), as ONNX files do. */
export function trimmed(names: readonly string[]): string[] {
  let length = names.length;
  while (length > 0 && names[length - 1] === "") length--;
  return names.slice(0, length);
}
