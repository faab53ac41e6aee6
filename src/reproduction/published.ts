import type { Setting } from "./plan.js";

/** The paper's numbers, by the dataset ids used here and by recipe name. */
interface Published {
  /** Table 1: top-1 accuracy in %, after 200 iterations. */
  readonly accuracy: Readonly<Record<string, PublishedRow>>;
  /** Table 2: average normalised activation on key regions. */
  readonly activation?: Readonly<Record<string, PublishedRow>>;
}

/** [gray-box ε .25, gray-box ε .5, black-box ε .25, black-box ε .5] */
type PublishedRow = readonly [number, number, number, number];

/** Goodman, Li, Huan & Wei 2020, "Improving Adversarial Robustness via Attention and Adversarial Logit Pairing". */
const PUBLISHED: Readonly<Record<string, Published>> = {
  "17flowers": {
    accuracy: {
      undefended: [0, 0, 15, 10],
      igr: [10, 3, 17, 10],
      pat: [55, 34, 57, 39],
      rat: [54, 30, 57, 32],
      randomization: [12, 6, 27, 16],
      alp: [47, 23, 49, 25],
      fd: [10, 10, 33, 33],
      at: [41, 24, 45, 29],
      "at-alp": [68, 50, 70, 51],
    },
    activation: {
      undefended: [0.21, 0.21, 0.41, 0.41],
      alp: [0.15, 0.15, 0.16, 0.16],
      igr: [0.33, 0.33, 0.37, 0.37],
      pat: [0.44, 0.44, 0.42, 0.42],
      rat: [0.41, 0.41, 0.4, 0.4],
      at: [0.56, 0.56, 0.55, 0.54],
      "at-alp": [0.96, 0.96, 0.98, 0.98],
    },
  },
  imagenet: {
    accuracy: {
      undefended: [2, 3, 52, 50],
      igr: [32, 32, 34, 34],
      pat: [76, 76, 77, 77],
      rat: [76, 76, 77, 76],
      randomization: [40, 41, 62, 59],
      alp: [54, 54, 55, 55],
      fd: [60, 61, 61, 61],
      at: [76, 76, 77, 76],
      "at-alp": [82, 82, 82, 82],
    },
  },
  "dogs-vs-cats": {
    accuracy: {
      undefended: [1, 1, 52, 53],
      igr: [57, 60, 51, 52],
      pat: [51, 51, 52, 52],
      rat: [49, 49, 50, 50],
      randomization: [10, 8, 55, 54],
      alp: [57, 56, 57, 57],
      fd: [57, 57, 57, 57],
      at: [50, 50, 50, 50],
      "at-alp": [67, 67, 71, 71],
    },
  },
};

/** Ids of the datasets for which the paper has numbers. */
export const PUBLISHED_DATASETS: readonly string[] = Object.freeze(Object.keys(PUBLISHED));

const COLUMNS: readonly (readonly [Setting, number])[] = [
  ["gray-box", 0.25],
  ["gray-box", 0.5],
  ["black-box", 0.25],
  ["black-box", 0.5],
];

/** The paper's number for one cell of a table; undefined if it has none. */
export function publishedValue(
  table: keyof Published,
  dataset: string,
  recipe: string,
  setting: Setting,
  epsilon: number,
): number | undefined {
  const column = COLUMNS.findIndex(([name, radius]) => name === setting && radius === epsilon);
  return PUBLISHED[dataset]?.[table]?.[recipe]?.[column];
}
