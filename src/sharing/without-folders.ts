import { basename } from "node:path";
import type { Result } from "../evaluation/index.js";

/**
 * Makes a result publishable: cuts paths to their last part, because folder names reveal who works on a machine.
 * Names of models stay.
 */
export function withoutFolders(result: Result): Result {
  const { dataset, models } = result;
  const short = new Map(
    [dataset.name, ...models.map(({ path }) => path)].map((path) => [path, lastPart(path)]),
  );
  // Longest first, because one path may be the start of another.
  const paths = [...short.keys()]
    .filter((path) => path !== short.get(path))
    .sort((a, b) => b.length - a.length);
  const without = (text: string): string =>
    paths.reduce((said, path) => said.replaceAll(path, short.get(path)!), text);
  return {
    ...result,
    dataset: { ...dataset, name: short.get(dataset.name)! },
    models: models.map((model) => ({ ...model, path: short.get(model.path)! })),
    warnings: result.warnings.map((warning) => ({ ...warning, message: without(warning.message) })),
    statements: result.statements.map(without),
    ...(result.limits && { limits: { ...result.limits, notRun: result.limits.notRun.map(without) } }),
  };
}

/** Works for paths of any operating system, because a result may come from another machine. */
function lastPart(path: string): string {
  return basename(path.replaceAll("\\", "/")) || path;
}
