import { join } from "node:path";
import { MOST_JSON_BYTES, readFileChecked, readJson, writeFileAtomic, type Refusal } from "../files/index.js";
import type { Assembled } from "./assemble.js";
import { renderReproduction } from "./report/index.js";
import { parsePictures, parseReproduction } from "./result-schema.js";
import type { ReproductionPictures, ReproductionResult } from "./result.js";

/** Paths of a reproduction's outputs. */
export interface ReproductionFiles {
  readonly result: string;
  /** Thumbnails of the photographs, kept separate so that the result can be shared. */
  readonly pictures: string;
  readonly report: string;
}

/** Writes `reproduction.json`, `pictures.json` and `report.html` into the folder. */
export async function writeReproduction(
  out: string,
  { result, pictures }: Assembled,
): Promise<ReproductionFiles> {
  const files = {
    result: join(out, "reproduction.json"),
    pictures: join(out, "pictures.json"),
    report: join(out, "report.html"),
  };
  await writeFileAtomic(files.result, `${JSON.stringify(result)}\n`);
  await writeFileAtomic(files.pictures, `${JSON.stringify(pictures)}\n`);
  await writeFileAtomic(files.report, await renderReproduction(result, pictures));
  return files;
}

/** Whether the file claims to be the result of a reproduction. @throws InputError if it is missing. */
export async function isReproduction(path: string): Promise<boolean> {
  const start = new TextDecoder().decode((await readFileChecked(path, MOST_JSON_BYTES)).subarray(0, 64));
  return /^\s*\{\s*"kind"\s*:\s*"reproduction"/.test(start);
}

/** @throws InputError if the file is missing or is not the result of a reproduction. */
export async function readReproduction(path: string): Promise<ReproductionResult> {
  return parseReproduction(await readJson(path, REFUSAL), path);
}

/** @throws InputError if the file is missing or does not hold the pictures of a reproduction. */
export async function readPictures(path: string): Promise<ReproductionPictures> {
  return parsePictures(await readJson(path, REFUSAL), path);
}

const REFUSAL: Refusal = {
  problem: "is not what holdfast reproduce wrote",
  remedy: "Run holdfast reproduce again.",
};
