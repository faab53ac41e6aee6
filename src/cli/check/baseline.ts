import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "../../errors/index.js";
import type { Result } from "../../evaluation/index.js";
import { judgeBaseline, type AssertionVerdict, type CheckConfig, type ReadConfig } from "../../gate/index.js";
import type { Terminal } from "../terminal.js";
import type { Measured } from "./measure.js";

/** Every result and the file that its baseline is in: the one that is named, or one for each model and norm in a folder. */
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
    problem: `is one file, and there are ${all.length} results: one for each model and norm`,
    remedy: "Name a folder.",
  });
}

/** Whether each model is worse than its baseline, where the configuration has one. */
export async function judgeAgainstBaseline(
  measured: readonly Measured[],
  { config, lineOf }: ReadConfig,
  pathOf: (path: string) => string,
): Promise<AssertionVerdict[]> {
  const { baseline } = config;
  if (baseline === undefined) return [];
  const { readResult } = await import("../../evaluation/index.js");
  const found = await Promise.all(
    baselines(measured, pathOf(baseline.path)).map(async ({ model, result, file }) => {
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

/** @throws UsageError where the configuration names no baseline. */
export async function updateBaseline(
  measured: readonly Measured[],
  { baseline }: CheckConfig,
  pathOf: (path: string) => string,
  terminal: Terminal,
): Promise<void> {
  if (baseline === undefined) {
    throw new UsageError({
      place: "--update-baseline",
      problem: "the configuration names no baseline",
      remedy: "Add a line such as: baseline: baseline.result.json",
    });
  }
  const { writeResult } = await import("../../evaluation/index.js");
  for (const { result, file } of baselines(measured, pathOf(baseline.path))) {
    await mkdir(dirname(file), { recursive: true });
    await writeResult(file, result);
    terminal.note(`baseline: ${file}`);
  }
}
