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
  /** The file of weights that training began with, kept in the folder; null or absent: drawn at random. */
  readonly initial?: InitialWeights | null;
  /** Training images used, a class-balanced sample; null: all. */
  readonly limit: number | null;
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
  /** Parameters and statistics that it gave. */
  readonly copied: number;
  /** Whether the last layer was drawn anew. */
  readonly newHead: boolean;
  /** Whether the network normalises its pixels as ImageNet's, because the weights expect it; absent: it does. */
  readonly normalised?: boolean;
}

/** Where things are in a run folder. */
export interface RunPaths {
  readonly folder: string;
  readonly config: string;
  readonly log: string;
  readonly checkpoints: string;
  /** Weights before the first step, where they are not drawn from the seed. */
  readonly initial: string;
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
    initial: join(folder, "initial.safetensors"),
    model: join(folder, "model.onnx"),
    manifest: join(folder, "manifest.json"),
    lock: join(folder, "lock"),
  };
}

/** Makes a new run folder. @throws UsageError when something is there already. */
export async function createRunFolder(
  folder: string,
  config: RunConfig,
  initial?: Uint8Array,
): Promise<RunPaths> {
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
  if (initial !== undefined) await writeFileAtomic(paths.initial, initial);
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
