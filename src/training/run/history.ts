import { existsSync } from "node:fs";
import { isLocked } from "../../files/index.js";
import type { ValidationRecord } from "../state.js";
import { newestStep } from "./checkpoint.js";
import { readRunConfig, runPaths, type RunConfig } from "./folder.js";
import { readLog, type LogLine } from "./log.js";
import { verifyRun } from "./manifest.js";
import { readShown, type ShownImages } from "./shown.js";

/** The state of a run according to its folder: finished, running, or stopped. */
export interface RunHistory {
  readonly folder: string;
  readonly config: RunConfig;
  readonly lines: readonly LogLine[];
  /** The step after which `--resume` continues; undefined if nothing has been saved yet. */
  readonly savedStep: number | undefined;
  /** Whether a process on this machine is working in the folder. */
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
 * Reads a run folder without locking it: a training may be writing to it at the same time.
 *
 * @throws InputError if the folder is not a run folder, or its files are damaged.
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
