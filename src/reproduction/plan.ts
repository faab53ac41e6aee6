import type { Recipe } from "../defences/index.js";
import { UsageError } from "../errors/index.js";
import type { TrainingSettings } from "../training/index.js";
import { identityOf, type ReproducedDataset } from "./datasets.js";
import { definePiece, inOrder, type Piece } from "./piece.js";
import type { CraftSpec, Preset } from "./presets.js";

/** Gray-box: examples made on an undefended model of the defended one's architecture. Black-box: on another. */
export type Setting = "gray-box" | "black-box";
export const SETTINGS: readonly Setting[] = ["gray-box", "black-box"];

/** A model to train. */
export interface PlannedTraining {
  readonly dataset: ReproducedDataset;
  /** Architecture. */
  readonly model: string;
  readonly recipe: Recipe;
  readonly seed: number;
  /** File of its initial weights; undefined: drawn from the seed. */
  readonly initial: string | undefined;
  readonly piece: Piece<"train">;
}

/** A file of ImageNet weights, identified by its bytes. */
export interface WeightsFile {
  readonly path: string;
  readonly sha256: string;
}

/** By architecture. */
export type WeightsFiles = Readonly<Record<string, WeightsFile>>;

/** The adversarial images of one source and ε, after every number of iterations. */
export interface PlannedCraft extends CraftSpec {
  readonly dataset: ReproducedDataset;
  readonly setting: Setting;
  readonly source: PlannedTraining;
  readonly piece: Piece<"craft">;
}

/** One defended model of the reproduction and its measurements. */
export interface PlannedRow {
  readonly recipe: Recipe;
  /** Training of the recipe, or of the same recipe without its layers if they exist only at test time. */
  readonly training: PlannedTraining;
  /** Every set of adversarial images to score it on. */
  readonly crafts: readonly PlannedCraft[];
  readonly transfer: Piece<"transfer">;
  readonly whiteBox: Piece<"white-box">;
  readonly measure: Piece<"measure">;
}

/** Everything a reproduction does, as pieces. */
export interface ReproductionPlan {
  readonly preset: Preset;
  readonly datasets: readonly ReproducedDataset[];
  readonly rows: readonly PlannedRow[];
  readonly crafts: readonly PlannedCraft[];
  /** The trainings of the rows and of the sources, each once. */
  readonly trainings: readonly PlannedTraining[];
  /** Everything, prerequisites first. */
  readonly pieces: readonly Piece[];
}

/**
 * Plans what to do, as data; nothing is read or run.
 *
 * @param weights by architecture, if training starts from published weights.
 * @throws UsageError if weights are missing or unused, or if two datasets have the same name.
 */
export function planReproduction(
  preset: Preset,
  datasets: readonly ReproducedDataset[],
  weights: WeightsFiles = {},
): ReproductionPlan {
  checkWeights(preset, Object.keys(weights));
  checkNames(datasets);
  const crafts = datasets.flatMap((dataset) =>
    SETTINGS.flatMap((setting) => craftsOf(preset, dataset, setting, weights)),
  );
  const rows = datasets.flatMap((dataset) =>
    preset.seeds.flatMap((seed) =>
      preset.recipes.map((recipe) => rowOf(preset, dataset, recipe, seed, crafts, weights)),
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

/** Settings of a training, except the number of threads, which the machine decides. */
export function trainingOf(preset: Preset, recipe: Recipe, seed: number): Omit<TrainingSettings, "threads"> {
  return { ...preset.training, ...preset.schedules[recipe.name], recipe, seed };
}

function planTraining(
  preset: Preset,
  dataset: ReproducedDataset,
  model: string,
  recipe: Recipe,
  seed: number,
  weights: WeightsFiles,
): PlannedTraining {
  const initial = weights[model];
  const { description: _, source: __, title: ___, ...exact } = recipe;
  const piece = definePiece("train", `train ${dataset.id} ${recipe.name} ${model} seed ${seed}`, {
    dataset: identityOf(dataset),
    validation: dataset.validationSplit,
    model,
    initial: initial?.sha256 ?? null,
    training: { ...trainingOf(preset, recipe, seed), recipe: exact },
  });
  return { dataset, model, recipe, seed, initial: initial?.path, piece };
}

function undefendedOf({ recipes }: Preset): Recipe {
  const found = recipes.find(({ name }) => name === "undefended");
  if (found === undefined) throw new RangeError("a reproduction needs the recipe undefended");
  return found;
}

/**
 * The recipe that trains a row's network. A defence whose layers exist only at test time needs no training of
 * its own (Xie et al. 2018), and uses the network of the recipe that is otherwise the same.
 */
function trainedAs({ recipes }: Preset, recipe: Recipe): Recipe {
  const { randomResize, ...others } = recipe.model ?? {};
  if (randomResize?.when !== "test") return recipe;
  const without = (each: Recipe): string => {
    const { name: _, title: __, description: ___, source: ____, model = {}, ...loss } = each;
    const { randomResize: _____, ...layers } = model;
    return JSON.stringify([loss, layers]);
  };
  const same = recipes.find(
    (each) => each.model?.randomResize === undefined && without(each) === without(recipe),
  );
  return same ?? { ...recipe, model: others };
}

function craftsOf(
  preset: Preset,
  dataset: ReproducedDataset,
  setting: Setting,
  weights: WeightsFiles,
): PlannedCraft[] {
  const { crafts, stepSize, limit, model, blackBox, batchSize } = preset;
  const architecture = setting === "gray-box" ? model : blackBox;
  const source = planTraining(preset, dataset, architecture, undefendedOf(preset), preset.seeds[0]!, weights);
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
  weights: WeightsFiles,
): PlannedRow {
  const { limit, model, whiteBox, measured } = preset;
  const crafts = all.filter((craft) => craft.dataset === dataset);
  const trained = trainedAs(preset, recipe);
  const training = planTraining(preset, dataset, model, trained, seed, weights);
  const train = training.piece;
  const about = `${dataset.id} ${recipe.name} seed ${seed}`;
  const atTest = trained === recipe ? {} : { atTest: { ...recipe.model } };
  const images = { dataset: identityOf(dataset), limit, ...atTest };
  const own = crafts.map(({ piece }) => piece);
  return {
    recipe,
    training,
    crafts,
    transfer: definePiece("transfer", `transfer ${about}`, images, [train, ...own]),
    whiteBox: definePiece("white-box", `white-box ${about}`, { ...images, attacks: whiteBox }, [train]),
    measure: definePiece(
      "measure",
      `measure ${about}`,
      { ...images, ...measured, regions: training.dataset.regions },
      [train, ...own],
    ),
  };
}

function checkNames(datasets: readonly ReproducedDataset[]): void {
  const twice = datasets.find(({ id }, i) => datasets.findIndex((other) => other.id === id) !== i);
  if (twice === undefined) return;
  throw new UsageError({
    place: `dataset ${twice.data}`,
    problem: `has the same name as another one: "${twice.id}"`,
    remedy: "Give each dataset once. If they differ, rename the folder of one.",
  });
}

/**
 * @param given architectures with weights.
 * @throws UsageError if the preset needs others too, or does not use one of them.
 */
export function checkWeights({ name, initialised, model, blackBox }: Preset, given: readonly string[]): void {
  const used = [model, blackBox];
  const unused = given.filter((architecture) => !used.includes(architecture));
  if (unused.length > 0) {
    throw new UsageError({
      place: "--weights",
      problem: `are given for ${unused.join(" and ")}, but the preset ${name} does not train it`,
      remedy: `It trains ${used.join(" and ")}.`,
    });
  }
  const missing = used.filter((architecture) => initialised && !given.includes(architecture));
  if (missing.length === 0) return;
  throw new UsageError({
    place: `preset ${name}`,
    problem: `starts from ImageNet weights, but none are given for ${missing.join(" and ")}`,
    remedy: `Give them with ${missing.map((each) => `--weights ${each}=${each}.safetensors`).join(" ")} (torchvision's or timm's).`,
  });
}

/** 8/255 → `8-255`; .25 → `0.25`. */
function epsilonName(epsilon: number): string {
  const levels = epsilon * 255;
  return Math.abs(levels - Math.round(levels)) < 1e-9 ? `${Math.round(levels)} 255` : String(epsilon);
}
