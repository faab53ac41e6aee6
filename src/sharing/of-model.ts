/** What a result says about one of its models. */
import { InputError, suggestName, UsageError } from "../errors/index.js";
import type { ModelInfo, Result, ResultWarning } from "../evaluation/results.js";

const GRAVEST_FIRST: readonly ResultWarning["severity"][] = ["serious", "warning", "info"];

/** Warnings about the model's numbers, and those about no particular number; most serious first. */
export function warningsAbout({ warnings, measurements }: Result, model: string): ResultWarning[] {
  const own = new Set(measurements.filter((m) => m.model === model).map(({ id }) => id));
  const about = warnings.filter(
    (w) => w.measurements.length === 0 || w.measurements.some((id) => own.has(id)),
  );
  return GRAVEST_FIRST.flatMap((severity) => about.filter((w) => w.severity === severity));
}

/**
 * The model with that name, or the only one.
 *
 * @throws UsageError if there are several and none is named, or if none has that name.
 */
export function chooseModel({ models }: Result, name: string | undefined, place: string): ModelInfo {
  const names = models.map((model) => model.name);
  const found = name === undefined ? models : models.filter((model) => model.name === name);
  if (found.length === 1) return found[0]!;
  throw new UsageError(
    name === undefined
      ? {
          place,
          problem: `has ${models.length} models, but this format describes one`,
          remedy: `Choose one with --model: ${names.join(", ")}.`,
        }
      : { place: `--model ${name}`, problem: `is not a model of ${place}`, remedy: suggestName(name, names) },
  );
}

/** @throws InputError for a shard, whose numbers cover only a part of the images. */
export function refuseShard({ shard }: Result, place: string): void {
  if (shard === undefined) return;
  throw new InputError({
    place,
    problem: `is shard ${shard.index} of ${shard.count} of an evaluation, so its numbers cover only part of the images`,
    remedy: "Merge the shards first: holdfast merge result.json shard-*.json",
  });
}
