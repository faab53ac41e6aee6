/** Kaggle's `LOC_val_solution.csv`: class and boxes of each of ImageNet's validation pictures. */
import { refusing } from "../../errors/index.js";
import { readTable } from "../formats/index.js";
import type { Box } from "../pixels/index.js";

const refused = refusing("Copy it again from Kaggle.");

export const WORDNET_ID: RegExp = /^n\d{8}$/;

export const SOLUTION = "LOC_val_solution.csv";

/** The class and the boxes of one picture. */
export interface Solved {
  readonly wordNetId: string;
  /** In pixels of the picture. */
  readonly boxes: readonly Box[];
}

/**
 * Solutions by picture number, from lines `ILSVRC2012_val_00048981,n03995372 85 1 499 272 n03995372 …` with five words
 * per object. All objects of a picture are of its class.
 *
 * @throws InputError naming a line in another format.
 */
export async function readSolution(path: string): Promise<ReadonlyMap<number, Solved>> {
  const { columns, lines } = await readTable(path);
  if (!columns.includes("imageid") || !columns.includes("predictionstring")) {
    throw refused(path, `has the columns ${columns.join(", ")}; it needs ImageId and PredictionString`);
  }
  const found = new Map<number, Solved>();
  for (const { at, cells } of lines) {
    const number = /^ILSVRC2012_val_(\d{8})$/.exec(cells["imageid"]!.trim())?.[1];
    if (number === undefined)
      throw refused(at, `has "${cells["imageid"]!.slice(0, 40)}" instead of an image name`);
    if (found.has(Number(number))) throw refused(at, "names an image twice");
    found.set(Number(number), solvedOf(at, cells["predictionstring"]!.trim().split(/\s+/)));
  }
  return found;
}

function solvedOf(at: string, words: readonly string[]): Solved {
  const wordNetId = words[0]!;
  if (words.length % 5 !== 0) throw refused(at, `has ${words.length} words, not five per object`);
  const boxes = Array.from({ length: words.length / 5 }, (_, i): Box => {
    const [name, ...edges] = words.slice(5 * i, 5 * i + 5);
    if (!WORDNET_ID.test(name!)) throw refused(at, `has "${name!.slice(0, 40)}", not a WordNet id`);
    if (name !== wordNetId) throw refused(at, `has objects of two classes, ${wordNetId} and ${name!}`);
    const [left, top, right, bottom] = edges.map(Number);
    if (edges.some((edge) => !Number.isFinite(Number(edge)))) {
      throw refused(at, `has the edges ${edges.join(" ").slice(0, 80)}, which are not numbers`);
    }
    return { left: left!, top: top!, right: right!, bottom: bottom! };
  });
  return { wordNetId, boxes };
}
