import { NO_CLASS } from "../attacks/index.js";
import type { Dataset } from "../data/index.js";
import { InputError } from "../errors/index.js";
import {
  describeSample,
  measuredResult,
  scoreOf,
  type Measurement,
  type ModelInfo,
  type ToolInfo,
} from "../evaluation/index.js";
import { readFileChecked, sha256Of, toolInfo } from "../files/index.js";
import { loadClassifier } from "../models/index.js";
import { runtimeInfo } from "../runtime/index.js";
import { readRunSummary } from "../training/index.js";
import { join } from "node:path";
import { openTestImages, type ReproducedDataset } from "./datasets.js";
import type { CraftedCapture } from "./craft-piece.js";
import type { MeasureResult } from "./measure-piece.js";
import type { PlannedRow, PlannedTraining, ReproductionPlan } from "./plan.js";
import { folderOf, type Json } from "./piece.js";
import type {
  ReproducedDatasetResult,
  ReproducedRow,
  ReproductionPictures,
  ReproductionResult,
} from "./result.js";
import type { Predictions } from "./predictions.js";
import type { ReproduceOptions } from "./reproduce.js";
import type { TransferResult } from "./transfer-piece.js";
import type { WhiteBoxResult } from "./white-box-piece.js";
import { openStore, PIECES, type Store } from "./store.js";
import { modelPath, RUN } from "./work.js";

/** The finished parts of a reproduction, ready to write. */
export interface Assembled {
  readonly result: ReproductionResult;
  readonly pictures: ReproductionPictures;
}

/**
 * Assembles the finished parts of a reproduction. Rows whose model is not trained, scored or measured yet are
 * left out; null if nothing is finished.
 */
export async function assembleReproduction(
  plan: ReproductionPlan,
  { out, threads, tool = toolInfo() }: Pick<ReproduceOptions, "out" | "threads" | "tool">,
): Promise<Assembled | null> {
  const store = openStore(out);
  const datasets: ReproducedDatasetResult[] = [];
  const pictures: Record<string, ReproductionPictures[string]> = {};
  for (const dataset of plan.datasets) {
    const rows = plan.rows.filter(
      (row) =>
        row.training.dataset === dataset &&
        [row.transfer, row.whiteBox, row.measure].some((piece) => store.isDone(piece)),
    );
    if (rows.length === 0) continue;
    const images = await openTestImages(dataset, plan.preset.limit);
    datasets.push(await assembleDataset(plan, store, dataset, images, rows, { threads, tool }));
    pictures[dataset.id] = await picturesOf(store, plan, rows);
  }
  if (datasets.length === 0) return null;
  const { name, description } = plan.preset;
  return {
    result: {
      kind: "reproduction",
      schemaVersion: 1,
      tool,
      runtime: runtimeInfo(threads),
      date: new Date().toISOString(),
      preset: { name, description, settings: JSON.parse(JSON.stringify(plan.preset)) as Json },
      datasets,
    },
    pictures,
  };
}

async function assembleDataset(
  plan: ReproductionPlan,
  store: Store,
  dataset: ReproducedDataset,
  images: Dataset,
  planned: readonly PlannedRow[],
  { threads, tool }: { readonly threads: number; readonly tool: ToolInfo },
): Promise<ReproducedDatasetResult> {
  const several = plan.preset.seeds.length > 1;
  const sources = sourceNames(plan, dataset, several);
  const models: ModelInfo[] = [];
  const measurements: Measurement[] = [];
  const rows: ReproducedRow[] = [];
  for (const row of planned) {
    const { recipe } = row;
    const { seed } = row.training;
    const model = nameOf({ ...row.training, recipe }, several);
    models.push(await modelInfo(store, { ...row.training, recipe }, model));
    measurements.push(...(await measurementsOf(store, row, model, sources, plan.preset.stepSize)));
    const measured = store.isDone(row.measure) ? (await store.result(row.measure)).inputs : null;
    rows.push({ model, recipe: recipe.name, title: recipe.title, seed, measured });
  }
  for (const { source } of plan.crafts.filter((craft) => craft.dataset === dataset)) {
    const name = nameOf(source, several, plan.preset.model);
    if (!models.some((model) => model.name === name) && store.isDone(source.piece)) {
      models.push(await modelInfo(store, source, name));
    }
  }
  const known = new Set(models.map(({ name }) => name));
  const population = dataset.counts.test;
  const sampled = images.length < population;
  // Results may be shared, so they must not reveal where the data are.
  const scored = { ...images, name: `${dataset.id}:test` };
  return {
    id: dataset.id,
    title: dataset.title,
    description: describeImages(images),
    sources,
    rows,
    regionSource: dataset.regions.source,
    result: measuredResult({
      tool,
      runtime: runtimeInfo(threads),
      seed: 0,
      dataset: describeSample({ dataset: scored, population, seed: sampled ? 0 : null }),
      headline: null,
      models,
      measurements: measurements.filter((m) => m.kind !== "transfer" || known.has(m.source)),
    }),
  };
}

function describeImages({ description = "", skipped = [] }: Dataset): string {
  if (skipped.length === 0) return description;
  const files = skipped.length === 1 ? "1 test file" : `${skipped.length} test files`;
  return `${description} Left out: ${files} that cannot be decoded.`.trimStart();
}

function nameOf({ recipe, seed, model }: PlannedTraining, several: boolean, usual: string = model): string {
  const parts = [recipe.name, ...(model === usual ? [] : [model]), ...(several ? [`seed ${seed}`] : [])];
  return parts.join(", ");
}

function sourceNames(
  { crafts, preset }: ReproductionPlan,
  dataset: ReproducedDataset,
  several: boolean,
): Record<string, string> {
  return Object.fromEntries(
    crafts
      .filter((craft) => craft.dataset === dataset)
      .map(({ setting, source }) => [setting, nameOf(source, several, preset.model)]),
  );
}

async function modelInfo(
  store: Store,
  { recipe, model, piece, dataset }: PlannedTraining,
  name: string,
): Promise<ModelInfo> {
  const path = await modelPath(store, piece);
  const training = await readRunSummary(join(await store.folder(piece), RUN));
  const { graph, parameters } = await loadClassifier(path);
  return {
    name,
    recipe: recipe.name,
    path: join(PIECES, folderOf(piece), RUN),
    sha256: sha256Of(await readFileChecked(path)),
    architecture: model,
    parameterCount: parameters.reduce(
      (sum, each) => sum + (graph.initializers.get(each)?.data.length ?? 0),
      0,
    ),
    training: { ...training, settings: { ...training.settings, data: `${dataset.id}:train` } },
  };
}

async function measurementsOf(
  store: Store,
  row: PlannedRow,
  model: string,
  sources: Readonly<Record<string, string>>,
  stepSize: number,
): Promise<Measurement[]> {
  const transfer = store.isDone(row.transfer) ? await store.result(row.transfer) : undefined;
  const whiteBox = store.isDone(row.whiteBox) ? await store.result(row.whiteBox) : undefined;
  const clean = (transfer ?? whiteBox)?.clean;
  if (clean === undefined) return [];
  return [
    { ...score(`${model}/clean`, model, clean.prediction, clean, 0), kind: "clean" },
    ...(await transferred(store, row, model, { sources, stepSize }, transfer)),
    ...attacked(model, whiteBox),
  ];
}

const score = (
  id: string,
  model: string,
  prediction: readonly number[],
  { label }: Predictions,
  seconds: number,
) => scoreOf(id, model, prediction, { label }, 0, seconds);

async function transferred(
  store: Store,
  { crafts }: PlannedRow,
  model: string,
  { sources, stepSize }: { readonly sources: Readonly<Record<string, string>>; readonly stepSize: number },
  result: TransferResult | undefined,
): Promise<Measurement[]> {
  if (result === undefined) return [];
  const seconds = result.seconds / result.attacked.length;
  const made = await Promise.all(crafts.map(({ piece }) => store.result(piece)));
  return result.attacked.map(({ setting, epsilon, iterations, prediction }) => {
    const id = `${model}/${setting}/linf-${Number(epsilon.toPrecision(6))}/pgd-${iterations}`;
    const craft = crafts.findIndex((each) => each.setting === setting && each.epsilon === epsilon);
    const place = crafts[craft]?.iterations.indexOf(iterations) ?? -1;
    const { largestPerturbation, nonFinite } = made[craft]?.captures[place] ?? unknownCapture(store, id);
    return {
      ...score(id, model, prediction, result.clean, seconds),
      kind: "transfer",
      source: sources[setting]!,
      attack: "pgd",
      threat: { norm: "linf", epsilon },
      parameters: {
        steps: iterations,
        stepSize,
        randomStart: true,
        restarts: 1,
        objective: "cross-entropy",
        targeted: false,
      },
      queries: { forward: result.clean.label.length * result.samples, gradient: 0 },
      largestPerturbation,
      nonFinite: nonFinite + prediction.filter((answer) => answer === NO_CLASS).length,
    };
  });
}

/** A damaged piece, whose result names an attack that its preset does not have. */
function unknownCapture({ root }: Store, id: string): CraftedCapture {
  throw new InputError({
    place: join(root, PIECES),
    problem: `no finished piece holds the adversarial images of ${id}`,
    remedy: "Delete that model's piece in this folder; it will be made again.",
  });
}

function attacked(model: string, result: WhiteBoxResult | undefined): Measurement[] {
  return (result?.attacked ?? []).map((each) => {
    const averaged = each.draws > 1 ? `-draws-${each.draws}` : "";
    const name = each.steps === null ? each.attack : `${each.attack}-${each.steps}${averaged}`;
    const id = `${model}/white-box/linf-${Number(each.epsilon.toPrecision(6))}/${name}`;
    const gradient = each.steps !== null;
    return {
      ...score(id, model, each.prediction, result!.clean, each.seconds),
      kind: "white-box",
      attack: each.attack,
      threat: { norm: "linf", epsilon: each.epsilon },
      parameters: {
        steps: each.steps,
        stepSize: each.stepSize,
        randomStart: gradient ? true : null,
        restarts: gradient ? 1 : null,
        ...(averaged === "" ? {} : { draws: each.draws }),
        objective: gradient ? "cross-entropy" : null,
        targeted: false,
      },
      queries: { forward: each.forwardQueries, gradient: each.gradientQueries },
      largestPerturbation: each.largestPerturbation,
      nonFinite: each.nonFinite,
    };
  });
}

async function picturesOf(
  store: Store,
  { preset }: ReproductionPlan,
  rows: readonly PlannedRow[],
): Promise<ReproductionPictures[string]> {
  const byModel: Record<string, MeasureResult["pictures"]> = {};
  for (const row of rows) {
    if (!store.isDone(row.measure)) continue;
    const { pictures } = await store.result(row.measure);
    byModel[nameOf({ ...row.training, recipe: row.recipe }, preset.seeds.length > 1)] = pictures;
  }
  return byModel;
}
