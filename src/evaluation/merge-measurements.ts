/** Merges one measurement of the same kind from every shard. */
import { InputError } from "../errors/index.js";
import { boundedInterval } from "./intervals.js";
import type {
  AttackMeasurement,
  CleanMeasurement,
  Measurement,
  PerAttackedImage,
  SuiteStageResult,
  ZeroGradient,
} from "./result/index.js";

/**
 * @param parts of shard 1, 2, … in order: image i of shard s is image i · count + s of the whole.
 * @throws InputError if a shard has no per-image results.
 */
export function mergeMeasurement(parts: readonly Measurement[]): Measurement {
  const [first] = parts as readonly [Measurement];
  const perImage = mergeColumns(parts);
  const n = perImage.label.length;
  const said = first.kind === "clean" ? perImage.cleanPrediction : perImage.adversarialPrediction;
  const correct = said.filter((prediction, i) => prediction === perImage.label[i]).length;
  const attacks = parts.filter((m) => m.kind !== "clean");
  const unfinished = sum(attacks, (m) => m.unfinished ?? 0);
  const score = {
    n,
    correct,
    accuracy: correct / n,
    interval: boundedInterval(correct, n, unfinished),
    seconds: sum(parts, ({ seconds }) => seconds),
    perImage,
  };
  if (first.kind === "clean") return { ...first, ...score } satisfies CleanMeasurement;
  const attacked = { ...score, ...mergeAttack(attacks), ...(unfinished === 0 ? {} : { unfinished }) };
  return first.kind === "transfer" ? { ...first, ...attacked } : { ...first, ...attacked };
}

function mergeAttack(parts: readonly Attacked[]): Summed {
  const further = Math.max(...parts.map((m) => m.further ?? 0));
  const zero = parts.flatMap(({ zeroGradient }) => zeroGradient ?? []);
  return {
    queries: addQueries(parts),
    largestPerturbation: Math.max(...parts.map(({ largestPerturbation }) => largestPerturbation)),
    nonFinite: sum(parts, ({ nonFinite }) => nonFinite),
    ...(parts[0]!.stages === undefined ? {} : { stages: mergeStages(parts) }),
    ...(further === 0 ? {} : { further }),
    ...(zero.length === 0 ? {} : { zeroGradient: addZero(zero) }),
  };
}

/** Everything but clean accuracy. */
type Attacked = Exclude<Measurement, CleanMeasurement>;

type Summed = Pick<AttackMeasurement, "queries" | "largestPerturbation" | "nonFinite"> &
  Partial<Pick<AttackMeasurement, "stages" | "further" | "zeroGradient">>;

function addZero(parts: readonly ZeroGradient[]): ZeroGradient {
  return {
    ...parts[0]!,
    images: sum(parts, ({ images }) => images),
    standing: sum(parts, ({ standing }) => standing),
  };
}

/** A shard that had no time for a stage contributes no images to it. */
function mergeStages(parts: readonly Attacked[]): SuiteStageResult[] {
  const all = parts.map(({ stages = [] }) => stages);
  const longest = all.reduce((most, stages) => (stages.length > most.length ? stages : most));
  return longest.map((stage, i) => {
    const same = all.flatMap((stages) => stages[i] ?? []);
    const unfinished = sum(same, (each) => each.unfinished ?? 0);
    const blind = sum(same, (each) => each.blind ?? 0);
    const { unfinished: _, blind: __, ...rest } = stage;
    return {
      ...rest,
      images: sum(same, ({ images }) => images),
      broken: sum(same, ({ broken }) => broken),
      ...(blind === 0 ? {} : { blind }),
      queries: addQueries(same),
      seconds: sum(same, ({ seconds }) => seconds),
      ...(unfinished === 0 ? {} : { unfinished }),
    };
  });
}

function addQueries(parts: readonly Pick<SuiteStageResult, "queries">[]): SuiteStageResult["queries"] {
  return {
    forward: sum(parts, ({ queries }) => queries.forward),
    gradient: sum(parts, ({ queries }) => queries.gradient),
  };
}

/** Columns in image order. A column that a shard lacks is 0 for it, as if all its images were finished. */
function mergeColumns(parts: readonly Measurement[]): PerAttackedImage {
  const columns = parts.map(({ id, perImage }): Partial<Record<string, readonly number[]>> => {
    if (perImage !== undefined) return { ...perImage };
    throw new InputError({
      place: id,
      problem: "a shard has no per-image results",
      remedy: "Make the shards with holdfast evaluate.",
    });
  });
  const names = [...new Set(columns.flatMap((each) => Object.keys(each)))];
  const lengths = columns.map(({ index }) => index!.length);
  const n = lengths.reduce((total, length) => total + length, 0);
  const { length: count } = parts;
  return Object.fromEntries(
    names.map((name) => [
      name,
      Array.from(
        { length: n },
        (_, place) => columns[place % count]![name]?.[Math.floor(place / count)] ?? 0,
      ),
    ]),
  ) as unknown as PerAttackedImage;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
