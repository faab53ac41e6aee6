/** Class names in the metadata of files from other tools. */

/** Metadata keys for names, the most common first: `names` is Ultralytics', `id2label` Hugging Face's. */
export const FOREIGN_NAMES: readonly string[] = ["names", "class_names", "classes", "labels", "id2label"];
/** Twenty thousand classes with long names take a megabyte. */
const LONGEST = 2 ** 22;

/** The names by output, and the key under which they were found. */
export interface ForeignNames {
  readonly key: string;
  /** Undefined if the text could not be read. */
  readonly names: readonly string[] | undefined;
}

/**
 * Class names, as a list or by number (`["cat", "dog"]`, `{"0": "cat"}`, `{"cat": 0}`), in JSON or as printed by Python
 * (`{0: 'cat', 1: 'dog'}`), or separated by commas or lines; undefined if there are none.
 */
export function foreignNames(metadata: ReadonlyMap<string, string>): ForeignNames | undefined {
  const found = FOREIGN_NAMES.flatMap((key): ForeignNames[] => {
    const text = metadata.get(key)?.trim() ?? "";
    const names = namesIn(text);
    return text === "" || names?.length === 0 ? [] : [{ key, names }];
  });
  return found.find(({ names }) => names !== undefined) ?? found[0];
}

type Scalar = string | number;

/** The names in a text of one of these forms; undefined for any other text. */
export function namesIn(text: string): string[] | undefined {
  if (text.length > LONGEST) return undefined;
  if (!/^[{[(]/.test(text)) return plainList(text);
  const items = itemsOf(text);
  if (items === undefined) return undefined;
  const numbered = items.map(([a, b], place): readonly [Scalar, Scalar] =>
    b === undefined ? [place, a] : [a, b],
  );
  // PyTorch's class_to_idx has the number after the name.
  const turned = numbered.every(([a, b]) => typeof a === "string" && typeof b === "number");
  const names: string[] = [];
  for (const [number, name] of turned ? numbered.map(([a, b]) => [b, a] as const) : numbered) {
    const place = Number(number);
    if (!Number.isInteger(place) || place < 0 || place >= items.length || names[place] !== undefined)
      return undefined;
    names[place] = String(name);
  }
  return names;
}

/** `cat, dog`, or one name per line; a single word is not a list. */
function plainList(text: string): string[] | undefined {
  const names = text.split(text.includes("\n") ? /\r?\n/ : ",").map((name) => name.trim());
  return names.length > 1 && !names.includes("") ? names : undefined;
}

/** A string in either kind of quotes, or an integer. */
const SCALAR = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([+-]?\d{1,15}))\s*/sy;

/** The items of a list, or the pairs of a dict; undefined for anything else, and for nested ones. */
function itemsOf(text: string): (readonly [Scalar, Scalar?])[] | undefined {
  const dict = text.startsWith("{") && text.endsWith("}");
  if (!dict && !/^[[(][^]*[\])]$/.test(text)) return undefined;
  const items: (readonly [Scalar, Scalar?])[] = [];
  let at = 1;
  const end = text.length - 1;
  const scalar = (): Scalar | undefined => {
    SCALAR.lastIndex = at;
    const found = SCALAR.exec(text);
    if (found === null) return undefined;
    at = SCALAR.lastIndex;
    const quoted = found[1] ?? found[2];
    return quoted === undefined ? Number(found[3]) : unescaped(quoted);
  };
  if (text.slice(1, -1).trim() === "") return [];
  while (at < end) {
    const first = scalar();
    if (first === undefined || (dict && text[at++] !== ":")) return undefined;
    const second = dict ? scalar() : undefined;
    if (dict && second === undefined) return undefined;
    items.push(second === undefined ? [first] : [first, second]);
    if (at < end && text[at++] !== ",") return undefined;
  }
  return items;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function unescaped(text: string): string {
  return text.replace(/\\(?:u([\da-fA-F]{4})|x([\da-fA-F]{2})|(.))/gs, (_, four, two, one: string) => {
    const code = (four ?? two) as string | undefined;
    return code === undefined ? (ESCAPES[one] ?? one) : String.fromCharCode(Number.parseInt(code, 16));
  });
}
