/**
 * The classes of ImageNet's validation pictures (ILSVRC 2012), which their owners distribute in one folder:
 * `ILSVRC2012_val_00000001.JPEG` … The development kit lists their classes in another file, Kaggle in a table.
 */
import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { InputError, refusing } from "../../errors/index.js";
import { readFileChecked } from "../../files/index.js";
import { readMat5Struct } from "../formats/index.js";
import { readSolution, SOLUTION, WORDNET_ID } from "./solution.js";

const refused = refusing(
  "Copy it again from ILSVRC2012_devkit_t12.tar.gz, or use Kaggle's LOC_val_solution.csv.",
);

export interface GroundTruth {
  /** The WordNet id of a validation picture; undefined for other pictures, and if it is not known. */
  classOf(name: string): string | undefined;
  /** @throws InputError with the reason why the class of the validation picture `name` is not known. */
  refuse(name: string): never;
}

const TRUTH = "ILSVRC2012_validation_ground_truth.txt";
const META = "meta.mat";
/** Lines `n02119789 1 kit_fox`. */
const MAPS = ["map_clsloc.txt", "synset_words.txt"];
/** Fifty thousand numbers are a quarter of a megabyte; meta.mat has two. */
const LARGEST = 2 ** 24;

/** The number of a validation picture, by its name; undefined for any other file. */
export function validationNumber(name: string): number | undefined {
  const digits = /(?:^|[\\/])ILSVRC2012_val_(\d{8})\.\w+$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Folders to search: the dataset's own, the development kit's inside it, and (for pictures in a separate folder) the
 * same one level up; three levels up for Kaggle's layout, `ILSVRC/Data/CLS-LOC`.
 */
export function truthFolders(root: string): string[] {
  const above = join(root, "..");
  const kaggle = basename(resolve(above)) === "Data" ? [join(above, "..", "..")] : [];
  return [root, above, ...kaggle].flatMap((folder) => [folder, ...kitsIn(folder)]);
}

function kitsIn(folder: string): string[] {
  try {
    const kits = readdirSync(folder).filter((name) => /^ILSVRC2012_devkit[\w.-]*$/.test(name));
    return kits.sort().flatMap((name) => [join(folder, name), join(folder, name, "data")]);
  } catch {
    return [];
  }
}

/**
 * The classes of validation pictures as found in `folders`. Problems with the files there are thrown later, by
 * {@link GroundTruth.refuse}, and so only if the classes are needed.
 */
export async function openGroundTruth(folders: readonly string[]): Promise<GroundTruth> {
  try {
    const classes = await readClasses(folders);
    return {
      classOf(name) {
        const number = validationNumber(name);
        return number === undefined ? undefined : classes?.of(number);
      },
      refuse(name) {
        throw classes === undefined ? nothingBeside(name) : classes.without(name);
      },
    };
  } catch (error) {
    return {
      classOf: () => undefined,
      refuse: () => {
        throw error;
      },
    };
  }
}

interface Classes {
  of(number: number): string | undefined;
  without(name: string): InputError;
}

async function readClasses(folders: readonly string[]): Promise<Classes | undefined> {
  const find = (...names: readonly string[]): string | undefined =>
    folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
  const solution = find(SOLUTION);
  if (solution !== undefined) {
    const pictures = await readSolution(solution);
    return {
      of: (number) => pictures.get(number)?.wordNetId,
      without: (name) => refused(solution, `has no line for ${basename(name)}`),
    };
  }
  const truth = find(TRUTH);
  if (truth === undefined) return undefined;
  const identifiers = await readTruth(truth);
  const [meta, map] = [find(META), find(...MAPS)];
  if (meta === undefined && map === undefined) {
    throw refused(
      truth,
      `numbers the classes, but neither ${META} nor ${MAPS[0]!} is beside it to name them`,
    );
  }
  const wordNetIds = meta === undefined ? await readMap(map!) : await readMeta(meta);
  identifiers.forEach((identifier, i) => {
    if (wordNetIds.has(identifier)) return;
    throw refused(`${truth}, line ${i + 1}`, `has class ${identifier}, which ${meta ?? map!} does not name`);
  });
  return {
    of: (number) => wordNetIds.get(identifiers[number - 1] ?? 0),
    without: (name) => refused(truth, `has ${identifiers.length} lines, but none for ${basename(name)}`),
  };
}

/** The class of picture i on line i. */
async function readTruth(path: string): Promise<number[]> {
  const lines = (await textOf(path)).trimEnd().split(/\r?\n/);
  return lines.map((line, i) => {
    if (/^\d{1,6}$/.test(line.trim())) return Number(line);
    throw refused(`${path}, line ${i + 1}`, `is "${line.slice(0, 40)}", not a class number`);
  });
}

async function readMeta(path: string): Promise<ReadonlyMap<number, string>> {
  const synsets = readMat5Struct(await bytesOf(path), "synsets", { place: path });
  if (synsets === undefined) throw refused(path, 'has no struct "synsets"');
  const found = synsets.map((fields): readonly [number, string] => {
    const [number, wordNetId] = [fields.get("ILSVRC2012_ID"), fields.get("WNID")];
    if (typeof number !== "object" || number.data.length !== 1 || typeof wordNetId !== "string") {
      throw refused(path, "has a synset without ILSVRC2012_ID or WNID");
    }
    return [number.data[0]!, wordNetId.trim()];
  });
  return uniqueIds(path, found);
}

async function readMap(path: string): Promise<ReadonlyMap<number, string>> {
  const lines = (await textOf(path)).trimEnd().split(/\r?\n/);
  const found = lines.map((line, i): readonly [number, string] => {
    const [, wordNetId, number] = /^(n\d{8})\s+(\d+)(?:\s|$)/.exec(line) ?? [];
    if (wordNetId !== undefined) return [Number(number), wordNetId];
    // Caffe's synset_words.txt has no numbers and uses another order.
    throw refused(
      `${path}, line ${i + 1}`,
      `is "${line.slice(0, 40)}", not a line such as n02119789 1 kit_fox`,
    );
  });
  return uniqueIds(path, found);
}

function uniqueIds(path: string, found: readonly (readonly [number, string])[]): ReadonlyMap<number, string> {
  const ids = new Map<number, string>();
  for (const [number, wordNetId] of found) {
    if (!WORDNET_ID.test(wordNetId)) throw refused(path, `has "${wordNetId.slice(0, 40)}", not a WordNet id`);
    if (ids.has(number)) throw refused(path, `names class ${number} twice`);
    ids.set(number, wordNetId);
  }
  return ids;
}

async function textOf(path: string): Promise<string> {
  return new TextDecoder().decode(await bytesOf(path));
}

function bytesOf(path: string): Promise<Uint8Array> {
  return readFileChecked(path, LARGEST);
}

function nothingBeside(name: string): InputError {
  return new InputError({
    place: name,
    problem:
      "is one of ImageNet's validation images in a single folder, and no file beside them gives its class",
    remedy: `Put the development kit's ${TRUTH} and ${META} (or ${MAPS[0]!}), or Kaggle's ${SOLUTION}, beside them; or sort them into one folder per class.`,
  });
}
