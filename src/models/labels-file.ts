/** Names of a model's outputs in a separate file. */
import { refusing } from "../errors/index.js";
import { readFileChecked } from "../files/index.js";
import { namesIn } from "./foreign-names.js";

const refused = refusing(
  'Name the outputs in order, one per line, or as JSON: ["cat", "dog"], {"0": "cat", "1": "dog"}, or either under "id2label".',
);

/** Twenty thousand classes with long names take a megabyte. */
const LARGEST = 2 ** 22;
const WORDNET_ID = /^n\d{8}$/;

/**
 * Names by output, from a text with one per line (optionally numbered from 0: `0: cat`) or from JSON: a list, a map from
 * numbers to names or back, Keras's map from numbers to WordNet ids and names, or an object with `id2label`.
 *
 * @throws InputError if the file cannot be read or does not name every output from 0 on.
 */
export async function readLabels(path: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await readFileChecked(path, LARGEST)).trim();
  } catch (error) {
    if (error instanceof TypeError) throw refused(path, "is not UTF-8 text", error);
    throw error;
  }
  const names = /^[{[]/.test(text) ? structured(text) : lined(text);
  if (names === undefined) throw refused(path, "cannot be read as class names");
  if (names.length < 2) throw refused(path, `has ${names.length === 0 ? "no names" : "only one name"}`);
  return names;
}

/** Names by place in a parsed JSON value; undefined if it has another form. */
export function labelsOf(json: unknown): readonly string[] | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  const { id2label, labels } = json as Record<string, unknown>;
  if (typeof id2label === "object") return labelsOf(id2label);
  if (Array.isArray(labels)) return labelsOf(labels);
  const plain = Object.entries(json).map(([key, value]) => [key, nameOf(value)] as const);
  if (plain.some(([, name]) => name === undefined)) return undefined;
  const list = plain.map(([key, name]) => [key, name!] as const);
  const places = [...list.keys()];
  const byNumber = new Map(list.map(([key, name]) => [Number(key), name]));
  if (places.every((place) => typeof byNumber.get(place) === "string"))
    return places.map((place) => String(byNumber.get(place)));
  const byName = new Map(list.map(([key, number]) => [number, key]));
  return places.every((place) => byName.has(place)) ? places.map((place) => byName.get(place)!) : undefined;
}

/** Keras uses `["n01440764", "tench"]` as a name. */
function nameOf(value: unknown): string | number | undefined {
  if (typeof value === "string" || typeof value === "number") return value;
  if (!Array.isArray(value) || value.length !== 2 || !WORDNET_ID.test(String(value[0]))) return undefined;
  return `${String(value[0])} ${String(value[1]).replaceAll("_", " ")}`;
}

function structured(text: string): readonly string[] | undefined {
  try {
    return labelsOf(JSON.parse(text));
  } catch {
    // As printed by Python.
    return namesIn(text);
  }
}

function lined(text: string): readonly string[] {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .map((line) => line.trim());
  const found = lines.filter((line) => line !== "");
  const numbered = found.map((line) => /^(\d+)\s*[\s:,;]\s*(\S.*)$/.exec(line));
  const areNumbered = numbered.every((match, place) => match !== null && Number(match[1]) === place);
  return areNumbered ? numbered.map((match) => match![2]!) : found;
}
