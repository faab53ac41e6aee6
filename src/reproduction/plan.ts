import type { Recipe } from "../defences/index.js";
import type { TrainingSettings } from "../training/index.js";
import { identityOf, type ReproducedDataset } from "./datasets.js";
import { definePiece, inOrder, type Piece } from "./piece.js";
import type { Preset } from "./presets.js";

/** Gray-box: examples made on an undefended model of the defended one's architecture. Black-box: on another. */
export type Setting = "gray-box" | "black-box";
export const SETTINGS: readonly Setting[] = ["gray-box", "black-box"];

/** One defended model of the reproduction and what is measured of it. */
export interface PlannedRow {
  readonly dataset: ReproducedDataset;
  readonly recipe: Recipe;
  readonly seed: number;
  readonly train: Piece;
  readonly transfer: Piece;
  readonly whiteBox: Piece;
  readonly measure: Piece;
}

/** The adversarial images of one source and ε, for every number of iterations. */
export interface PlannedCraft {
  readonly dataset: ReproducedDataset;
  readonly setting: Setting;
  readonly epsilon: number;
  readonly source: Piece;
  readonly piece: Piece;
}

export interface ReproductionPlan {
  readonly preset: Preset;
  readonly datasets: readonly ReproducedDataset[];
  readonly rows: readonly PlannedRow[];
  readonly crafts: readonly PlannedCraft[];
  /** Everything, needs first. */
  readonly pieces: readonly Piece[];
}

/** What is to be done, as data: nothing is read or run. */
export function planReproduction(preset: Preset, datasets: readonly ReproducedDataset[]): ReproductionPlan {
  const crafts = datasets.flatMap((dataset) =>
    SETTINGS.flatMap((setting) => craftsOf(preset, dataset, setting)),
  );
  const rows = datasets.flatMap((dataset) =>
    preset.recipes.flatMap((recipe) =>
      preset.seeds.map((seed) => rowOf(preset, dataset, recipe, seed, crafts)),
    ),
  );
  const pieces = inOrder([
    ...crafts.map(({ piece }) => piece),
    ...rows.flatMap(({ train, transfer, whiteBox, measure }) => [train, transfer, whiteBox, measure]),
  ]);
  return { preset, datasets, rows, crafts, pieces };
}

/** Settings of a training, but for the number of threads, which the machine decides. */
export function trainingOf(preset: Preset, recipe: Recipe, seed: number): Omit<TrainingSettings, "threads"> {
  return { ...preset.training, recipe, seed };
}

function trainPiece(
  preset: Preset,
  dataset: ReproducedDataset,
  model: string,
  recipe: Recipe,
  seed: number,
): Piece {
  const { description: _, source: __, title: ___, ...exact } = recipe;
  return definePiece("train", `train ${dataset.id} ${recipe.name} ${model} seed ${seed}`, {
    dataset: identityOf(dataset),
    validation: dataset.validationSplit,
    model,
    initialised: preset.initialised,
    training: { ...trainingOf(preset, recipe, seed), recipe: exact },
  });
}

function undefendedOf({ recipes }: Preset): Recipe {
  const found = recipes.find(({ name }) => name === "undefended");
  if (found === undefined) throw new RangeError("a reproduction needs the recipe undefended");
  return found;
}

function craftsOf(preset: Preset, dataset: ReproducedDataset, setting: Setting): PlannedCraft[] {
  const { transfer, limit, model, blackBox } = preset;
  const architecture = setting === "gray-box" ? model : blackBox;
  const source = trainPiece(preset, dataset, architecture, undefendedOf(preset), preset.seeds[0]!);
  return transfer.epsilons.map((epsilon) => {
    const { stepSize, iterations } = transfer;
    const title = `craft ${dataset.id} ${setting} epsilon ${Number(epsilon.toFixed(4))}`;
    const settings = { dataset: identityOf(dataset), limit, epsilon, stepSize, iterations };
    return { dataset, setting, epsilon, source, piece: definePiece("craft", title, settings, [source]) };
  });
}

function rowOf(
  preset: Preset,
  dataset: ReproducedDataset,
  recipe: Recipe,
  seed: number,
  crafts: readonly PlannedCraft[],
): PlannedRow {
  const own = crafts.filter((craft) => craft.dataset === dataset).map(({ piece }) => piece);
  const train = trainPiece(preset, dataset, preset.model, recipe, seed);
  const about = `${dataset.id} ${recipe.name} seed ${seed}`;
  const images = { dataset: identityOf(dataset), limit: preset.limit };
  const key = crafts.find((craft) => craft.dataset === dataset)!.source;
  return {
    dataset,
    recipe,
    seed,
    train,
    transfer: definePiece("transfer", `transfer ${about}`, images, [train, ...own]),
    whiteBox: definePiece("white-box", `white-box ${about}`, { ...images, ...preset.whiteBox }, [train]),
    measure: definePiece("measure", `measure ${about}`, images, [train, key, ...own]),
  };
}
