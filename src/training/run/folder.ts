import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { OpenOptions } from "../../data/index.js";
import { InputError, UsageError } from "../../errors/index.js";
import {
  checkShape,
  ensureFolder,
  fileError,
  finalName,
  lockFolder,
  readJson,
  refuseLinks,
  removeOwn,
  replaceFile,
  type Unlock,
} from "../../files/index.js";
import { findFault, type TrainingSettings } from "../settings/index.js";
import { isCheckpointFile } from "./checkpoint.js";
import type { ImportedModel } from "./imported.js";

/** `config.json` of a run folder: everything that `--resume` needs. */
export interface RunConfig {
  readonly format: 1;
  readonly tool: { readonly name: string; readonly version: string };
  /** As the user named it: `mnist`, a folder. */
  readonly data: string;
  readonly dataOptions: OpenOptions;
  /** Source of the validation images; null or absent: split off the training images. */
  readonly validationData?: string | null;
  /** The initial weights, kept in the folder; null or absent: drawn at random. */
  readonly initial?: InitialWeights | null;
  /** The initial model, kept in the folder as `source.onnx`; null or absent: a built-in one. */
  readonly imported?: ImportedModel | null;
  /** Number of training images used, a class-balanced sample; null: all. */
  readonly limit: number | null;
  /** An architecture's name, or the path of the imported model as the user named it. */
  readonly model: string;
  readonly image: { readonly channels: number; readonly height: number; readonly width: number };
  readonly classNames: readonly string[];
  /** Of the training labels: a resumed run must read the same data. */
  readonly labelsSha256: string;
  readonly settings: TrainingSettings;
}

/** Published weights that a run begins with. */
export interface InitialWeights {
  /** The file's name, without its folder. */
  readonly file: string;
  /** Of the file that was given. */
  readonly sha256: string;
  /** Number of parameters and statistics taken from it. */
  readonly copied: number;
  /** Whether the last layer was drawn at random. */
  readonly newHead: boolean;
  /** Sha256 of `initial.safetensors`; absent in runs of older versions. */
  readonly kept?: string;
  /** Whether the network normalises pixels like ImageNet's, because the weights expect it; absent: it does. */
  readonly normalised?: boolean;
}

/** Paths of the files in a run folder. */
export interface RunPaths {
  readonly folder: string;
  readonly config: string;
  readonly log: string;
  readonly checkpoints: string;
  /** Weights before the first step, if they are not drawn from the seed. */
  readonly initial: string;
  /** The imported model before the first step. */
  readonly source: string;
  readonly model: string;
  /** The imported model with the weights of the run: its own inputs, outputs and types. */
  readonly exported: string;
  readonly manifest: string;
  /** A few images of the latest validation. */
  readonly validation: string;
  /** The final page of the run, written by `holdfast train`. */
  readonly report: string;
  readonly lock: string;
}

export function runPaths(folder: string): RunPaths {
  return {
    folder,
    config: join(folder, "config.json"),
    log: join(folder, "log.jsonl"),
    checkpoints: join(folder, "checkpoints"),
    initial: join(folder, "initial.safetensors"),
    source: join(folder, "source.onnx"),
    model: join(folder, "model.onnx"),
    exported: join(folder, "exported.onnx"),
    manifest: join(folder, "manifest.json"),
    validation: join(folder, "validation.json"),
    report: join(folder, "report.html"),
    lock: join(folder, "lock"),
  };
}

/** Whether a run writes a file at this path below its folder, or a kill may have left one. */
export function isRunFile(name: string): boolean {
  const [folder, ...rest] = name.split("/");
  if (rest.length > 0) return folder === "checkpoints" && rest.length === 1 && isCheckpointFile(rest[0]!);
  return OWN.has(finalName(name)) || /^lock\.\d+(?:\.stale)?$/.test(name);
}

const OWN = new Set([
  "config.json",
  "log.jsonl",
  "initial.safetensors",
  "source.onnx",
  "model.onnx",
  "model.onnx.data",
  "exported.onnx",
  "exported.onnx.data",
  "exported.yaml",
  "manifest.json",
  "validation.json",
  "report.html",
  "lock",
]);

/** Locks a run folder, in which no file of a run may be a link. @throws UsageError if another process holds it. */
export async function holdRunFolder(paths: RunPaths): Promise<Unlock> {
  await refuseLinks(Object.values(paths).filter((path) => path !== paths.folder));
  return lockFolder(paths.folder, paths.lock);
}

/** Files with the initial state of a run, if it does not follow from its configuration. */
const BEGINNING = ["initial", "source"] as const;
export type BeginningFile = (typeof BEGINNING)[number];

/**
 * Creates and locks a new run folder. Files left by a start that was killed before it wrote its configuration
 * are taken over.
 *
 * @throws UsageError if the folder contains anything else.
 */
export async function createRunFolder(
  folder: string,
  config: RunConfig,
  files: Partial<Record<BeginningFile, Uint8Array>> = {},
): Promise<{ readonly paths: RunPaths; readonly unlock: Unlock }> {
  const paths = runPaths(folder);
  await refuseFull(paths);
  await ensureFolder(folder);
  const unlock = await holdRunFolder(paths);
  try {
    // Another process may have begun between the two checks.
    if (existsSync(paths.config)) await refuseFull(paths);
    for (const name of BEGINNING) {
      const bytes = files[name];
      if (bytes !== undefined) await replaceFile(paths[name], bytes);
    }
    await replaceFile(paths.config, `${JSON.stringify(config, null, 2)}\n`);
    return { paths, unlock };
  } catch (error) {
    await unlock();
    throw error;
  }
}

async function refuseFull({ folder }: RunPaths): Promise<void> {
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw fileError(error, folder);
  });
  if (there.every((name) => isLeftover(name, there))) return;
  throw new UsageError({
    place: folder,
    problem: "already exists and is not empty",
    remedy: there.includes("config.json")
      ? `To resume it: holdfast train --resume ${folder}. For a new run, choose another --out.`
      : "Choose another --out.",
  });
}

/** Files that a start writes before its configuration. A user's own files would have no lock beside them. */
function isLeftover(name: string, there: readonly string[]): boolean {
  if (name === "initial.safetensors" || name === "source.onnx") return there.includes("lock");
  return name === "lock" || (isRunFile(name) && !OWN.has(name));
}

/** Undoes a failed start. Other files stay. */
export async function discardRun({ folder }: RunPaths): Promise<void> {
  await removeOwn(folder, isRunFile);
}

const positive = z.int().min(1);
const refusal = {
  problem: "is not the configuration of a run",
  remedy: "Name a folder that holdfast train made; or, if it was one, restore the file from a copy.",
};

/** Fields that reading a run relies on; the rest is checked where it is used. */
const configSchema = z.object({
  format: z.literal(1),
  tool: z.object({ name: z.string(), version: z.string() }),
  data: z.string(),
  dataOptions: z.record(z.string(), z.unknown()),
  validationData: z.string().nullish(),
  initial: z.looseObject({ file: z.string(), sha256: z.string(), kept: z.string().optional() }).nullish(),
  imported: z
    .looseObject({
      file: z.string(),
      sha256: z.string(),
      kept: z.string(),
      options: z.record(z.string(), z.unknown()),
      newHead: z.boolean(),
    })
    .nullish(),
  limit: positive.nullable(),
  model: z.string(),
  image: z.object({ channels: positive, height: positive, width: positive }),
  classNames: z.array(z.string()).min(1),
  labelsSha256: z.string(),
  settings: z
    .looseObject({
      recipe: z.object({
        name: z.string(),
        weights: z.record(z.string(), z.number()),
        adversary: z.record(z.string(), z.unknown()).nullish(),
        model: z.record(z.string(), z.unknown()).nullish(),
      }),
    })
    .superRefine((settings, context) => {
      const fault = findFault(settings);
      if (fault !== undefined) {
        context.addIssue({ code: "custom", path: fault.place.split("."), message: fault.problem });
      }
    }),
});

/** @throws InputError if the folder is not a run folder. */
export async function readRunConfig(folder: string): Promise<RunConfig> {
  const { config } = runPaths(folder);
  if (!existsSync(config)) {
    throw new InputError({
      place: config,
      problem: "does not exist, so there is no run to resume",
      remedy: `Name a folder that holdfast train made. If that run was stopped before its first step, start it again: holdfast train --out ${folder}`,
    });
  }
  const value = await readJson(config, refusal);
  checkShape(configSchema, value, config, refusal);
  // Unchanged: the schema would drop fields that it does not name.
  return value as RunConfig;
}
