import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../errors/index.js";
import { checkShape, readFileChecked, readJson, sha256Of } from "../../files/index.js";
import type { EngineInfo } from "../../runtime/index.js";
import type { ValidationRecord } from "../state.js";
import { digestSchema, validationSchema } from "./checkpoint.js";
import { runPaths, type RunConfig } from "./folder.js";

/** `manifest.json`: written last, so its presence means that the run is finished. */
export interface Manifest {
  readonly format: 1;
  readonly tool: RunConfig["tool"];
  readonly runtime: EngineInfo;
  readonly seed: number;
  readonly steps: number;
  readonly seconds: number;
  readonly best: ValidationRecord | null;
  /** 64 hexadecimal digits for each file. */
  readonly sha256: Hashes;
}

/** The files whose hashes are in a manifest. */
const HASHED = ["config.json", "log.jsonl", "model.onnx"] as const;
/** Only runs of an imported model have this file. */
const EXPORTED = "exported.onnx";
type HashedFile = (typeof HASHED)[number] | typeof EXPORTED;
type Hashes = Readonly<
  Record<(typeof HASHED)[number], string> & { readonly [EXPORTED]?: string | undefined }
>;

const manifestSchema: z.ZodType<Pick<Manifest, "steps" | "seconds" | "best" | "sha256">> = z.object({
  format: z.literal(1),
  steps: z.int().min(0),
  seconds: z.number().min(0),
  best: validationSchema.nullable(),
  sha256: z.object({
    "config.json": digestSchema,
    "log.jsonl": digestSchema,
    "model.onnx": digestSchema,
    [EXPORTED]: digestSchema.optional(),
  }),
});

/** The hashes that a manifest of the current files would have. */
export async function hashesOf(folder: string): Promise<Manifest["sha256"]> {
  const entries: [string, string][] = [];
  for (const name of [...HASHED, EXPORTED]) {
    const path = join(folder, name);
    if (name === EXPORTED && !existsSync(path)) continue;
    entries.push([name, sha256Of(await readFileChecked(path))]);
  }
  return Object.fromEntries(entries) as Manifest["sha256"];
}

/**
 * The manifest of a finished run, after verifying every file in it.
 *
 * @throws InputError if the manifest is damaged, or a file is missing or has changed.
 */
export async function verifyRun(folder: string): Promise<Pick<Manifest, "steps" | "seconds" | "best">> {
  const { manifest: path } = runPaths(folder);
  const refusal = {
    problem: "is not the manifest of a run",
    remedy: `Restore it, or delete it and train again, which gives the same bytes: holdfast train --resume ${folder}`,
  };
  const manifest = checkShape(manifestSchema, await readJson(path, refusal), path, refusal);
  const refuse = (name: HashedFile, problem: string): never => {
    const remedy = "Restore the file from a copy, or train again in another folder.";
    throw new InputError({ place: join(folder, name), problem, remedy });
  };
  const files: readonly HashedFile[] =
    manifest.sha256[EXPORTED] === undefined ? HASHED : [...HASHED, EXPORTED];
  const missing = files.find((name) => !existsSync(join(folder, name)));
  if (missing !== undefined) refuse(missing, "does not exist, although the run finished");
  const found = await hashesOf(folder);
  const changed = files.find((name) => found[name] !== manifest.sha256[name]);
  if (changed !== undefined) {
    refuse(
      changed,
      "its bytes have changed since the run finished: its sha256 is not the one in manifest.json",
    );
  }
  return manifest;
}
