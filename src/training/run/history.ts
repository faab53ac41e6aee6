import { existsSync } from "node:fs";
import { isLocked } from "../../files/index.js";
import type { ValidationRecord } from "../state.js";
import { newestStep } from "./checkpoint.js";
import { readRunConfig, runPaths, type RunConfig } from "./folder.js";
import { readLog, type LogLine } from "./log.js";
import { verifyRun } from "./manifest.js";
import { readShown, type ShownImages } from "./shown.js";

/** A run as its folder tells it: finished, under way, or stopped. */
export interface RunHistory {
  readonly folder: string;
  readonly config: RunConfig;
  readonly lines: readonly LogLine[];
  /** The step that `--resume` goes on after; undefined where nothing is saved yet. */
  readonly savedStep: number | undefined;
  /** Whether a process of this machine works in the folder. */
  readonly isHeld: boolean;
  readonly finished: FinishedTraining | undefined;
  /** A few images of the latest validation; undefined before the first one, and for runs of earlier versions. */
  readonly shown: ShownImages | undefined;
}

export interface FinishedTraining {
  readonly steps: number;
  readonly seconds: number;
  readonly best: ValidationRecord | null;
}

/**
 * Reads a run folder without holding it: a training may be writing there meanwhile.
 *
 * @throws InputError where the folder is not one of a run, or its files are damaged.
 */
export async function readRunHistory(folder: string): Promise<RunHistory> {
  const paths = runPaths(folder);
  const config = await readRunConfig(folder);
  return {
    folder,
    config,
    lines: existsSync(paths.log) ? await readLog(paths.log) : [],
    savedStep: await newestStep(paths.checkpoints),
    isHeld: await isLocked(paths.lock),
    finished: existsSync(paths.manifest) ? await verifyRun(folder) : undefined,
    shown: existsSync(paths.validation) ? await readShown(paths.validation) : undefined,
  };
}
