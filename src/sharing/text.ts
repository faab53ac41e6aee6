/** Makes user-chosen names harmless before they go into another program's file. */

/**
 * Removes anything that a terminal or a viewer would obey: control characters, line breaks, text-direction marks
 * and characters that XML or YAML cannot hold are shown as their code, halves of surrogate pairs as U+FFFD.
 */
export function plainText(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replace(
      /[\p{Cc}\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu,
      (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`,
    );
}

/** Longest file name that every file system accepts, with room for an extension. */
const LONGEST_FILE = 100;

/** Turns names into file or folder names: letters, digits, `.`, `_` and `-`; duplicates are numbered. */
export function fileNames(names: readonly string[]): string[] {
  return distinct(
    names.map((name) => {
      const plain = name.replace(/[^A-Za-z0-9._-]+/g, "_").slice(0, LONGEST_FILE);
      return /^\.*$/.test(plain) ? "_" : plain;
    }),
  );
}

/** Longest name that MLflow accepts. */
const LONGEST_KEY = 250;

/**
 * A name that TensorBoard, MLflow and W&B all accept for a metric or a parameter, with `/` for groups: letters, digits,
 * `_`, `-` and `.`, and no part that a file system would read as a path.
 */
export function keyOf(name: string): string {
  return name
    .split("/")
    .map((part) => part.replace(/[^A-Za-z0-9_.-]+/g, "_"))
    .map((part) => (/^\.*$/.test(part) ? "_" : part))
    .join("/")
    .slice(0, LONGEST_KEY)
    .replace(/\/$/, "_");
}

/** The later of two names that are equal up to case gets a number, because some file systems treat `A` and `a` alike. */
export function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let n = 2; taken.has(free.toLowerCase()); n++) free = `${name}-${n}`;
    taken.add(free.toLowerCase());
    return free;
  });
}
