/** Merges the accuracies under corruptions of all shards. */
import { InputError } from "../errors/index.js";
import { scoreOf } from "./tally.js";
import type { CorruptedMeasurement, Result } from "./result/index.js";

/**
 * @param parts of shard 1, 2, … in order: image i of shard s is image i · count + s of the whole.
 * @throws InputError if one has no per-image predictions, or another baseline.
 */
export function mergeCorruptions(parts: readonly Result[]): Pick<Result, "corruptions"> {
  const [first] = parts;
  if (first?.corruptions === undefined) return {};
  const baseline = JSON.stringify(first.corruptions.baseline);
  const other = parts.find(({ corruptions }) => JSON.stringify(corruptions?.baseline) !== baseline);
  if (other !== undefined) {
    throw new InputError({
      place: `shard ${other.shard!.index}`,
      problem: `has a different corruption baseline from shard ${first.shard!.index}`,
      remedy: "Use the same --corruption-baseline for every shard, or none.",
    });
  }
  const measurements = first.corruptions.measurements.map((m) => {
    const same = parts.map((part) => columnsOf(part, m));
    const n = same.reduce((sum, { label }) => sum + label.length, 0);
    const column = (name: "label" | "predictions"): number[] =>
      Array.from({ length: n }, (_, i) => same[i % parts.length]![name][Math.floor(i / parts.length)]!);
    const predictions = column("predictions");
    const seconds = same.reduce((sum, each) => sum + each.seconds, 0);
    const score = scoreOf(m.id, m.model, predictions, { label: column("label") }, m.seed, seconds);
    return { ...m, ...score, predictions };
  });
  return { corruptions: { ...first.corruptions, measurements } };
}

interface Columns {
  readonly label: readonly number[];
  readonly predictions: readonly number[];
  readonly seconds: number;
}

function columnsOf({ corruptions, measurements }: Result, { id, model }: CorruptedMeasurement): Columns {
  const own = corruptions?.measurements.find((m) => m.id === id);
  const label = measurements.find((m) => m.kind === "clean" && m.model === model)?.perImage?.label;
  if (own?.predictions !== undefined && label !== undefined)
    return { label, predictions: own.predictions, seconds: own.seconds };
  throw new InputError({
    place: id,
    problem: "a shard has no per-image results",
    remedy: "Make the shards with holdfast evaluate.",
  });
}
