import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InputError, UsageError } from "../../errors/index.js";
import type { Result } from "../../evaluation/index.js";
import { judgeBaseline, type AssertionVerdict, type CheckConfig, type ReadConfig } from "../../gate/index.js";
import type { Terminal } from "../terminal.js";
import type { Measured } from "./measure.js";

/**
 * Reports what is missing before anything is measured.
 *
 * @throws UsageError if the configuration names no baseline to update; InputError if the one to compare with does not exist.
 */
export function checkBaseline(
  { baseline }: CheckConfig,
  updates: boolean,
  pathOf: (path: string) => string,
): void {
  if (baseline !== undefined && !updates) return refuseMissing(pathOf(baseline.path));
  if (baseline !== undefined || !updates) return;
  throw new UsageError({
    place: "--update-baseline",
    problem: "the configuration names no baseline",
    remedy: "Add a line such as: baseline: baseline.result.json",
  });
}

function refuseMissing(place: string): void {
  if (existsSync(place)) return;
  const remedy = "Create it by running holdfast check --update-baseline on the model to compare with.";
  throw new InputError({ place, problem: "does not exist", remedy });
}

/** Every result with the file of its baseline: the named file, or one for each model and norm in a folder. */
function baselines(
  measured: readonly Measured[],
  path: string,
): { readonly model: string; readonly result: Result; readonly file: string }[] {
  const all = measured.flatMap(({ model, results }) => results.map((result) => ({ model, result })));
  if (!/\.json$/i.test(path)) {
    return all.map(({ model, result }) => ({
      model,
      result,
      file: join(path, `${model}.${result.headline?.norm ?? "clean"}.result.json`),
    }));
  }
  if (all.length === 1) return [{ ...all[0]!, file: path }];
  throw new UsageError({
    place: `baseline ${path}`,
    problem: `is a single file, but there are ${all.length} results: one for each model and norm`,
    remedy: "Name a folder.",
  });
}

/** Judges whether each model is worse than its baseline, if the configuration has one. */
export async function judgeAgainstBaseline(
  measured: readonly Measured[],
  { config, lineOf }: ReadConfig,
  pathOf: (path: string) => string,
): Promise<AssertionVerdict[]> {
  const { baseline } = config;
  if (baseline === undefined) return [];
  const { readResult } = await import("../../evaluation/results.js");
  const found = await Promise.all(
    baselines(measured, pathOf(baseline.path)).map(async ({ model, result, file }) => {
      refuseMissing(file);
      const before = await readResult(file);
      const [current, earlier] = [result, before].map((each) => each.models[0]!.name) as [string, string];
      const verdicts = judgeBaseline(
        { place: `the results of ${model}`, result, model: current },
        { place: file, result: before, model: earlier },
        baseline,
        lineOf(["baseline"]),
      );
      return verdicts.map((verdict) => ({ ...verdict, model }));
    }),
  );
  return found.flat();
}

/** Writes the results as the baseline that the configuration names. */
export async function updateBaseline(
  measured: readonly Measured[],
  { path }: NonNullable<CheckConfig["baseline"]>,
  pathOf: (path: string) => string,
  terminal: Terminal,
): Promise<void> {
  const { writeResult } = await import("../../evaluation/results.js");
  for (const { result, file } of baselines(measured, pathOf(path))) {
    await mkdir(dirname(file), { recursive: true });
    await writeResult(file, result);
    terminal.note(`baseline: ${file}`);
  }
}
