import { readJson, writeFileAtomic } from "../files/index.js";
import { parseResult, type Result } from "./result/index.js";

/** Writes a result as JSON, atomically. */
export async function writeResult(path: string, result: Result): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(result)}\n`);
}

/** @throws InputError when the file is missing or is not a result. */
export async function readResult(path: string): Promise<Result> {
  const json = await readJson(path, {
    problem: "is not a holdfast result",
    remedy: "Give the result that holdfast evaluate wrote.",
  });
  return parseResult(json, path);
}
