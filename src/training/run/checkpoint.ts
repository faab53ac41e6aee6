import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { InputError } from "../../errors/index.js";
import {
  checkShape,
  ensureFolder,
  finalName,
  readFileChecked,
  readJson,
  refuseLinks,
  removeOwn,
  replaceFile,
  sha256Of,
} from "../../files/index.js";
import { readSafetensors, writeSafetensors } from "../../models/index.js";
import type { Tensor } from "../../tensor/index.js";
import type { TrainingState, ValidationRecord } from "../state.js";

/** What a resumed run needs from a checkpoint besides the tensors. */
export interface Progress {
  /** Bytes of the log that belong to the completed steps. */
  readonly logBytes: number;
  /** Seconds of training so far, over all runs. */
  readonly seconds: number;
  /** Of `config.json`: with other settings the state would be meaningless. Absent in checkpoints of older versions. */
  readonly configSha256?: string | undefined;
}

export interface Checkpoint {
  readonly state: TrainingState;
  readonly progress: Progress;
}

interface CheckpointFile extends Progress {
  readonly format: 1;
  readonly step: number;
  readonly file: string;
  readonly sha256: string;
  readonly validations: readonly ValidationRecord[];
  readonly best: { readonly record: ValidationRecord; readonly file: string; readonly sha256: string } | null;
}

const count = z.int().min(0);
export const digestSchema: z.ZodType<string> = z.string().regex(/^[0-9a-f]{64}$/);

export const validationSchema: z.ZodType<ValidationRecord> = z.looseObject({
  step: count,
  images: count,
  clean: z.number(),
  robust: z.number().nullable(),
});

const checkpointSchema: z.ZodType<CheckpointFile> = z.object({
  format: z.literal(1),
  step: count,
  // Only a name that holdfast writes, so that it cannot lead elsewhere.
  file: z.string().regex(/^step-\d{9}\.safetensors$/),
  sha256: digestSchema,
  logBytes: count,
  seconds: z.number().min(0),
  configSha256: digestSchema.optional(),
  validations: z.array(validationSchema),
  best: z
    .object({
      record: validationSchema,
      file: z.string().regex(/^best-step-\d{9}\.safetensors$/),
      sha256: digestSchema,
    })
    .nullable(),
});

/** Number of checkpoints to keep: if the newest is damaged, the run can continue from the one before. */
const KEPT = 2;
const NAME = /^step-(\d{9})\.json$/;
/** Every name that is written here, including temporary files. */
const OWN = /^(?:step-\d{9}\.(?:json|safetensors)|best-step-\d{9}\.safetensors)$/;

/** Whether {@link saveCheckpoint} writes a file of this name, or a kill during it may have left one. */
export function isCheckpointFile(name: string): boolean {
  return OWN.test(finalName(name));
}

/** Removes the checkpoints of a run, and their folder if nothing else is in it. */
export async function removeCheckpoints(folder: string): Promise<void> {
  await removeOwn(folder, isCheckpointFile);
}

const stem = (step: number): string => `step-${String(step).padStart(9, "0")}`;

/**
 * Saves a state: tensors first, the small JSON that names them and their sha256 last, each
 * written atomically. A kill at any moment leaves the earlier checkpoint as it was.
 */
export async function saveCheckpoint(
  folder: string,
  state: TrainingState,
  progress: Progress,
): Promise<void> {
  await refuseLinks([folder]);
  await ensureFolder(folder);
  const file = `${stem(state.step)}.safetensors`;
  const sha256 = await writeTensors(join(folder, file), state.tensors);
  const { best } = state;
  let kept: CheckpointFile["best"] = null;
  if (best !== undefined) {
    const name = `best-${stem(best.record.step)}.safetensors`;
    kept = { record: best.record, file: name, sha256: await writeTensors(join(folder, name), best.weights) };
  }
  const description: CheckpointFile = {
    format: 1,
    step: state.step,
    ...progress,
    file,
    sha256,
    validations: state.validations,
    best: kept,
  };
  await replaceFile(join(folder, `${stem(state.step)}.json`), `${JSON.stringify(description, null, 2)}\n`);
  await tidyCheckpoints(folder);
}

async function writeTensors(path: string, tensors: ReadonlyMap<string, Tensor>): Promise<string> {
  const bytes = writeSafetensors(tensors);
  await replaceFile(path, bytes);
  return sha256Of(bytes);
}

/** Steps of the complete checkpoints, newest first. */
async function stepsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .map((name) => NAME.exec(name)?.[1])
    .filter((step) => step !== undefined)
    .map(Number)
    .sort((a, b) => b - a);
}

/** The step of the newest checkpoint, which is not opened; undefined if there is none. */
export async function newestStep(folder: string): Promise<number | undefined> {
  return (await stepsIn(folder))[0];
}

/** Removes all but the newest checkpoints, and files of holdfast that no checkpoint refers to; other files stay. */
export async function tidyCheckpoints(folder: string): Promise<void> {
  const steps = (await stepsIn(folder)).slice(0, KEPT);
  const wanted = new Set<string>();
  for (const step of steps) {
    wanted.add(`${stem(step)}.json`);
    const { file, best } = await describe(folder, step);
    wanted.add(file);
    if (best !== null) wanted.add(best.file);
  }
  await removeOwn(folder, (name) => isCheckpointFile(name) && !wanted.has(name));
}

async function describe(folder: string, step: number): Promise<CheckpointFile> {
  const path = join(folder, `${stem(step)}.json`);
  const refusal = {
    problem: "is not a checkpoint's description: its bytes have changed",
    remedy: "Delete this file to go on from the checkpoint before it.",
  };
  const schema = checkpointSchema.refine((file) => file.step === step, {
    path: ["step"],
    message: `not ${step}`,
  });
  return checkShape(schema, await readJson(path, refusal), path, refusal);
}

/**
 * The newest checkpoint, verified; undefined if there is none.
 *
 * @throws InputError if its bytes differ from those that were saved.
 */
export async function loadCheckpoint(folder: string): Promise<Checkpoint | undefined> {
  const [newest] = await stepsIn(folder);
  if (newest === undefined) return undefined;
  const { step, file, sha256, validations, best, logBytes, seconds, configSha256 } = await describe(
    folder,
    newest,
  );
  const remedy = `Delete ${join(folder, `${stem(step)}.json`)} to go on from the checkpoint before it.`;
  const tensors = await readTensors(join(folder, file), sha256, remedy);
  const state: TrainingState = {
    step,
    tensors,
    validations,
    best:
      best === null
        ? undefined
        : { record: best.record, weights: await readTensors(join(folder, best.file), best.sha256, remedy) },
  };
  return { state, progress: { logBytes, seconds, configSha256 } };
}

async function readTensors(
  path: string,
  sha256: string,
  remedy: string,
): Promise<ReadonlyMap<string, Tensor>> {
  const bytes = await readFileChecked(path);
  if (sha256Of(bytes) !== sha256) {
    throw new InputError({ place: path, problem: "its bytes have changed since it was saved", remedy });
  }
  return readSafetensors(bytes, { place: path }).tensors;
}
