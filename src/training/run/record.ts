/** Writes the log of a run. */
import type { DeviceName } from "../../runtime/index.js";
import type { TrainingEvent, TrainingWarningCode } from "../loop.js";
import { DivergedError } from "../watch.js";
import type { Checkpoint } from "./checkpoint.js";
import type { RunPaths } from "./folder.js";
import { openLog, type RunLog } from "./log.js";
import type { RunHooks } from "./options.js";

/** Reopens the log as at the checkpoint. Lines that were lost since then are not restored: nothing is computed from them. */
export async function reopenLog(
  paths: RunPaths,
  checkpoint: Checkpoint | undefined,
  hooks: RunHooks,
): Promise<RunLog> {
  const log = await openLog(paths.log, checkpoint?.progress.logBytes ?? 0);
  if (log.missing === 0) return log;
  const message = `${paths.log} has lost ${log.missing} bytes, so the report's curves will have a gap. The training itself is not affected.`;
  await warn(log, hooks, checkpoint!.state.step, "log", message);
  return log;
}

/** Logs that a run continues on another device. */
export async function sayDevice(
  log: RunLog,
  hooks: RunHooks,
  step: number,
  begunOn: DeviceName,
  device: DeviceName,
): Promise<void> {
  const message =
    `the run began on ${begunOn} and continues on ${device} after step ${step}. Devices round differently, so its weights are ` +
    "not those of either device alone.";
  await warn(log, hooks, step, "device", message);
}

/** Logs the error that ended a training for good. */
export async function rethrowLogged(log: RunLog, error: unknown): Promise<never> {
  if (error instanceof DivergedError) {
    const { step, problem: message } = error;
    await log.append({ type: "warning", step, code: "diverged", message });
  }
  throw error;
}

/** Logs an event of the training, and every `every`-th step. */
export async function logEvent(
  log: RunLog,
  event: TrainingEvent,
  every: number,
  seconds: number,
): Promise<void> {
  if (event.type === "warning") await log.append(event);
  else if (event.type === "start") {
    const { step, ...length } = event;
    if (step === 0) await log.append(length);
  } else if (event.type === "validation") {
    const { best: _, ...record } = event;
    await log.append({ ...record, seconds });
  } else if (event.type === "step") {
    const { steps, ...record } = event;
    if (event.step % every === 0 || event.step === 1 || event.step === steps) {
      await log.append({ ...record, seconds });
    }
  }
}

async function warn(
  log: RunLog,
  hooks: RunHooks,
  step: number,
  code: TrainingWarningCode,
  message: string,
): Promise<void> {
  const warning = { type: "warning", step, code, message } as const;
  await log.append(warning);
  await hooks.onEvent?.(warning);
}
