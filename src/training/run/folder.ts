import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { InputError, UsageError } from "../../errors/index.js";
import { ensureFolder, fileError, readFileChecked, writeFileAtomic } from "../../files/index.js";
import type { OpenOptions } from "../../data/index.js";
import type { TrainingSettings } from "../settings.js";

/** `config.json` of a run folder: all that `--resume` needs. */
export interface RunConfig {
  readonly format: 1;
  readonly tool: { readonly name: string; readonly version: string };
  /** As the user named it: `mnist`, a folder. */
  readonly data: string;
  readonly dataOptions: OpenOptions;
  /** Where the validation images come from; null or absent: split off the training images. */
  readonly validationData?: string | null;
  /** Training images used, a class-balanced sample; null: all. */
  readonly limit: number | null;
  readonly model: string;
  readonly image: { readonly channels: number; readonly height: number; readonly width: number };
  readonly classNames: readonly string[];
  /** Of the training labels: a resumed run must read the same data. */
  readonly labelsSha256: string;
  readonly settings: TrainingSettings;
}

/** Where things are in a run folder. */
export interface RunPaths {
  readonly folder: string;
  readonly config: string;
  readonly log: string;
  readonly checkpoints: string;
  readonly model: string;
  readonly manifest: string;
  readonly lock: string;
}

export function runPaths(folder: string): RunPaths {
  return {
    folder,
    config: join(folder, "config.json"),
    log: join(folder, "log.jsonl"),
    checkpoints: join(folder, "checkpoints"),
    model: join(folder, "model.onnx"),
    manifest: join(folder, "manifest.json"),
    lock: join(folder, "lock"),
  };
}

/** Makes a new run folder. @throws UsageError when something is there already. */
export async function createRunFolder(folder: string, config: RunConfig): Promise<RunPaths> {
  const paths = runPaths(folder);
  const there = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === "ENOENT") return [];
    throw fileError(error, folder);
  });
  if (there.length > 0) {
    throw new UsageError({
      place: folder,
      problem: "exists already and is not empty",
      remedy: there.includes("config.json")
        ? `To go on with it: holdfast train --resume ${folder}. For a new run name another --out.`
        : "Name another --out.",
    });
  }
  await ensureFolder(folder);
  await writeFileAtomic(paths.config, `${JSON.stringify(config, null, 2)}\n`);
  return paths;
}

/** @throws InputError when the folder is not a run folder. */
export async function readRunConfig(folder: string): Promise<RunConfig> {
  const { config } = runPaths(folder);
  const text = new TextDecoder().decode(await readFileChecked(config));
  let parsed: RunConfig | undefined;
  try {
    parsed = JSON.parse(text) as RunConfig;
  } catch {
    // Named below.
  }
  if (parsed?.format !== 1 || typeof parsed.settings !== "object") {
    throw new InputError({
      place: config,
      problem: "is not the configuration of a run",
      remedy: "Name a folder that holdfast train made.",
    });
  }
  return parsed;
}
