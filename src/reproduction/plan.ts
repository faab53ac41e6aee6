import type { Recipe } from "../defences/index.js";
import type { TrainingSettings } from "../training/index.js";
import { identityOf, type ReproducedDataset } from "./datasets.js";
import { definePiece, inOrder, type Piece } from "./piece.js";
import type { CraftSpec, Preset } from "./presets.js";

/** Gray-box: examples made on an undefended model of the defended one's architecture. Black-box: on another. */
export type Setting = "gray-box" | "black-box";
export const SETTINGS: readonly Setting[] = ["gray-box", "black-box"];

/** A model that is trained. */
export interface PlannedTraining {
  readonly dataset: ReproducedDataset;
  /** Architecture. */
  readonly model: string;
  readonly recipe: Recipe;
  readonly seed: number;
  readonly piece: Piece;
}

/** The adversarial images of one source and ε, after every number of iterations. */
export interface PlannedCraft extends CraftSpec {
  readonly dataset: ReproducedDataset;
  readonly setting: Setting;
  readonly source: PlannedTraining;
  readonly piece: Piece;
}

/** One defended model of the reproduction and what is measured of it. */
export interface PlannedRow {
  readonly training: PlannedTraining;
  /** Every set of adversarial images that it is scored on. */
  readonly crafts: readonly PlannedCraft[];
  readonly transfer: Piece;
  readonly whiteBox: Piece;
  readonly measure: Piece;
}

export interface ReproductionPlan {
  readonly preset: Preset;
  readonly datasets: readonly ReproducedDataset[];
  readonly rows: readonly PlannedRow[];
  readonly crafts: readonly PlannedCraft[];
  /** Those of the rows and of the sources, each once. */
  readonly trainings: readonly PlannedTraining[];
  /** Everything, needs first. */
  readonly pieces: readonly Piece[];
}

/** What is to be done, as data: nothing is read or run. */
export function planReproduction(preset: Preset, datasets: readonly ReproducedDataset[]): ReproductionPlan {
  const crafts = datasets.flatMap((dataset) =>
    SETTINGS.flatMap((setting) => craftsOf(preset, dataset, setting)),
  );
  const rows = datasets.flatMap((dataset) =>
    preset.seeds.flatMap((seed) =>
      preset.recipes.map((recipe) => rowOf(preset, dataset, recipe, seed, crafts)),
    ),
  );
  const trainings = [...crafts.map(({ source }) => source), ...rows.map(({ training }) => training)];
  const pieces = inOrder([
    ...crafts.map(({ piece }) => piece),
    ...rows.flatMap(({ transfer, whiteBox, measure }) => [transfer, whiteBox, measure]),
  ]);
  return {
    preset,
    datasets,
    rows,
    crafts,
    trainings: [...new Map(trainings.map((training) => [training.piece.key, training])).values()],
    pieces,
  };
}

/** Settings of a training, but for the number of threads, which the machine decides. */
export function trainingOf(preset: Preset, recipe: Recipe, seed: number): Omit<TrainingSettings, "threads"> {
  return { ...preset.training, ...preset.schedules[recipe.name], recipe, seed };
}

function planTraining(
  preset: Preset,
  dataset: ReproducedDataset,
  model: string,
  recipe: Recipe,
  seed: number,
): PlannedTraining {
  const { description: _, source: __, title: ___, ...exact } = recipe;
  const piece = definePiece("train", `train ${dataset.id} ${recipe.name} ${model} seed ${seed}`, {
    dataset: identityOf(dataset),
    validation: dataset.validationSplit,
    model,
    initialised: preset.initialised,
    training: { ...trainingOf(preset, recipe, seed), recipe: exact },
  });
  return { dataset, model, recipe, seed, piece };
}

function undefendedOf({ recipes }: Preset): Recipe {
  const found = recipes.find(({ name }) => name === "undefended");
  if (found === undefined) throw new RangeError("a reproduction needs the recipe undefended");
  return found;
}

function craftsOf(preset: Preset, dataset: ReproducedDataset, setting: Setting): PlannedCraft[] {
  const { crafts, stepSize, limit, model, blackBox, batchSize } = preset;
  const architecture = setting === "gray-box" ? model : blackBox;
  const source = planTraining(preset, dataset, architecture, undefendedOf(preset), preset.seeds[0]!);
  return crafts.map(({ epsilon, iterations }) => {
    const title = `craft ${dataset.id} ${setting} epsilon ${epsilonName(epsilon)}`;
    const settings = { dataset: identityOf(dataset), limit, batchSize, epsilon, stepSize, iterations };
    const piece = definePiece("craft", title, settings, [source.piece]);
    return { dataset, setting, epsilon, iterations, source, piece };
  });
}

function rowOf(
  preset: Preset,
  dataset: ReproducedDataset,
  recipe: Recipe,
  seed: number,
  all: readonly PlannedCraft[],
): PlannedRow {
  const { limit, model, whiteBox, measured } = preset;
  const crafts = all.filter((craft) => craft.dataset === dataset);
  const training = planTraining(preset, dataset, model, recipe, seed);
  const train = training.piece;
  const about = `${dataset.id} ${recipe.name} seed ${seed}`;
  const images = { dataset: identityOf(dataset), limit };
  const own = crafts.map(({ piece }) => piece);
  return {
    training,
    crafts,
    transfer: definePiece("transfer", `transfer ${about}`, images, [train, ...own]),
    whiteBox: definePiece("white-box", `white-box ${about}`, { ...images, attacks: whiteBox }, [train]),
    measure: definePiece("measure", `measure ${about}`, { ...images, ...measured }, [train, ...own]),
  };
}

/** 8/255 → `8-255`; .25 → `0.25`. */
function epsilonName(epsilon: number): string {
  const levels = epsilon * 255;
  return Math.abs(levels - Math.round(levels)) < 1e-9 ? `${Math.round(levels)} 255` : String(epsilon);
}
