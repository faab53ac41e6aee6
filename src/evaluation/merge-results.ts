/** Merges the shards of an evaluation, without the models or the images. */
import { InputError } from "../errors/index.js";
import { measuredResult } from "./measured-result.js";
import { mergeCorruptions } from "./merge-corruptions.js";
import { mergeMeasurement } from "./merge-measurements.js";
import type { Example, Limits, Measurement, Result, ShardInfo, ShardMarks } from "./result/index.js";

/** The result of a shard, and the file that it was read from. */
export interface ShardResult {
  readonly place: string;
  readonly result: Result;
}

interface Part extends ShardResult {
  readonly shard: ShardInfo;
}

/**
 * Makes the result of one evaluation of all images without checks (`--no-checks`), byte for byte except for the date and the
 * seconds: columns are put in image order, counts are added up, and intervals, gates and statements are computed again.
 * The machine and the paths are those of the first shard.
 *
 * @throws InputError if shards are missing, duplicate or from different evaluations, or if a model's outputs repeat in one
 *   shard but not in another.
 */
export function mergeResults(results: readonly ShardResult[]): Result {
  const parts = results.map(partOf).sort((a, b) => a.shard.index - b.shard.index);
  checkTogether(parts);
  const [first] = parts as [Part, ...Part[]];
  const { result } = first;
  const measurements = mergeMeasurements(parts);
  const limits = mergeLimits(parts);
  const { n: _, ...dataset } = result.dataset;
  return measuredResult({
    tool: result.tool,
    runtime: result.runtime,
    seed: result.seed,
    dataset: {
      ...dataset,
      n: first.shard.images,
      classCounts: dataset.classCounts.map((__, k) =>
        parts.reduce((sum, part) => sum + part.result.dataset.classCounts[k]!, 0),
      ),
    },
    headline: result.headline,
    models: result.models,
    measurements,
    ...mergeCorruptions(parts.map(({ result: each }) => each)),
    ...mergeChecks(parts),
    examples: mergeExamples(parts, measurements),
    statements: [...first.shard.notes, ...machinesStatement(parts)],
    ...(limits && { limits }),
  });
}

function partOf({ place, result }: ShardResult): Part {
  if (result.shard !== undefined) return { place, result, shard: result.shard };
  throw new InputError({
    place,
    problem: "is a whole evaluation, not a shard",
    remedy: "Give results that holdfast evaluate --shard wrote.",
  });
}

const MARKS: Readonly<Record<keyof ShardMarks, readonly [what: string, remedy: string]>> = {
  tool: ["was made by a different version of holdfast", "Make all shards with the same version."],
  models: [
    "has different models",
    "Use the same models for every shard, with the same names and preprocessing.",
  ],
  images: ["has different images", "Use the same --data, --limit and --seed for every shard."],
  plan: ["has different attacks, ε or settings", "Use the same options for every shard, except --shard."],
};

function checkTogether(parts: readonly Part[]): void {
  const [first] = parts;
  if (first === undefined) throw new InputError({ place: "shards", problem: "none were given" });
  for (const { place, shard } of parts) {
    for (const [mark, [what, remedy]] of Object.entries(MARKS)) {
      if (shard.marks[mark as keyof ShardMarks] === first.shard.marks[mark as keyof ShardMarks]) continue;
      throw new InputError({ place, problem: `${what} from ${first.place}`, remedy });
    }
    if (shard.count !== first.shard.count) {
      throw new InputError({
        place,
        problem: `is one of ${shard.count} shards, but ${first.place} is one of ${first.shard.count}`,
        remedy: "Give shards of the same split.",
      });
    }
  }
  const twice = parts.find(({ shard }, i) => parts[i - 1]?.shard.index === shard.index);
  if (twice !== undefined) {
    const { index, count } = twice.shard;
    const files = parts.filter(({ shard }) => shard.index === index).map(({ place }) => place);
    throw new InputError({
      place: files.join(" and "),
      problem: `are both shard ${index} of ${count}`,
      remedy: "Give each shard once.",
    });
  }
  const { count } = first.shard;
  const there = new Set(parts.map(({ shard }) => shard.index));
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !there.has(index));
  if (missing.length === 0) return;
  const names = missing.map((index) => `${index}/${count}`).join(", ");
  throw new InputError({
    place: "shards",
    problem: `${missing.length === 1 ? "one is" : `${missing.length} are`} missing: ${names}`,
    remedy: `Run them with --shard ${missing[0]}/${count}${missing.length === 1 ? "" : " and so on"}, and include their results.`,
  });
}

/** In the order of the first shard. A measurement that one shard had no time for is left out. */
function mergeMeasurements(parts: readonly Part[]): Measurement[] {
  const first = parts[0]!.result.measurements;
  return first.flatMap((m) => {
    const same = parts.map(({ result }) => result.measurements.find(({ id }) => id === m.id));
    return same.every((each) => each !== undefined) ? [mergeMeasurement(same)] : [];
  });
}

/**
 * The only check in a shard, whether the models repeat their outputs, uses the same images in every shard.
 *
 * @throws InputError if it differs, because the images of one model were then scored in two ways.
 */
function mergeChecks(parts: readonly Part[]): Pick<Result, "checks"> {
  const [first] = parts as readonly [Part, ...Part[]];
  const { checks } = first.result;
  for (const { model, repeats } of checks ?? []) {
    for (const { place, result } of parts) {
      const other = result.checks?.find((each) => each.model === model)?.repeats;
      if (other?.averagedOver === repeats?.averagedOver) continue;
      const told = (averagedOver: number | undefined): string =>
        averagedOver === undefined
          ? "repeated its outputs"
          : `did not repeat its outputs (averaged over ${averagedOver} draws)`;
      throw new InputError({
        place,
        problem:
          `${model} ${told(other?.averagedOver)}, but in ${first.place} it ${told(repeats?.averagedOver)}. ` +
          "Its images were not all scored in the same way",
        remedy:
          "Make the shards on machines where its outputs repeat alike, or make its noise an input of the model.",
      });
    }
  }
  return checks === undefined ? {} : { checks };
}

/** What any of them did not run; seconds add up as those of the measurements do. */
function mergeLimits(parts: readonly Part[]): Limits | undefined {
  const all = parts.flatMap(({ result }) => result.limits ?? []);
  if (all.length === 0) return undefined;
  const budgets = all.flatMap(({ budget }) => budget ?? []);
  const sum = (of: (budget: (typeof budgets)[number]) => number): number =>
    budgets.reduce((total, budget) => total + of(budget), 0);
  return {
    ...(budgets.length > 0 && {
      budget: { seconds: sum(({ seconds }) => seconds), spent: sum(({ spent }) => spent) },
    }),
    notRun: [...new Set(all.flatMap(({ notRun }) => notRun))],
  };
}

/** In the order of the images. */
function mergeExamples(parts: readonly Part[], measurements: readonly Measurement[]): Example[] {
  const order = new Map(measurements[0]?.perImage?.index.map((index, i) => [index, i]));
  return parts
    .flatMap(({ result }) => result.examples)
    .sort((a, b) => (order.get(a.index) ?? 0) - (order.get(b.index) ?? 0));
}

/** Another processor or engine version may round differently. */
function machinesStatement(parts: readonly Part[]): string[] {
  const machines = new Set(
    parts.map(({ result: { runtime } }) => JSON.stringify({ ...runtime, threads: 0, host: "" })),
  );
  if (machines.size === 1) return [];
  return [
    `The ${parts.length} shards were made on ${machines.size} kinds of machine, of which only the first is named. Machines may round ` +
      "differently, so a few images may come out differently.",
  ];
}
