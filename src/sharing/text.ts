/** Names that users chose, made harmless before they go into another program's file. */

/**
 * Text without anything that a terminal or a viewer would obey: control characters, line breaks, marks that turn text around
 * and what no XML or YAML can hold are shown as their code, halves of surrogate pairs as U+FFFD.
 */
export function plainText(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replace(
      /[\p{Cc}\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/gu,
      (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`,
    );
}

/** Longest name of a file that every file system takes, with room for an ending. */
const LONGEST_FILE = 100;

/** Names as those of files and folders: letters, digits, `.`, `_` and `-`; alike ones are numbered. */
export function fileNames(names: readonly string[]): string[] {
  return distinct(
    names.map((name) => {
      const plain = name.replace(/[^A-Za-z0-9._-]+/g, "_").slice(0, LONGEST_FILE);
      return /^\.*$/.test(plain) ? "_" : plain;
    }),
  );
}

/** MLflow takes no longer one. */
const LONGEST_KEY = 250;

/**
 * A name that TensorBoard, MLflow and W&B all take for a metric or a parameter, in which `/` makes groups: letters, digits,
 * `_`, `-` and `.`, and no part that a file system would read as a way.
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

/** The later of two that are alike, whatever their case, gets a number: file systems do not all tell `A` from `a`. */
export function distinct(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let n = 2; taken.has(free.toLowerCase()); n++) free = `${name}-${n}`;
    taken.add(free.toLowerCase());
    return free;
  });
}
