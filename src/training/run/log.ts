import { constants } from "node:fs";
import { open, readFile, type FileHandle } from "node:fs/promises";
import { z } from "zod";
import { InputError } from "../../errors/index.js";
import { checkShape, fileError, MOST_JSON_BYTES, parseJson, readFileChecked } from "../../files/index.js";
import type { TrainingLength } from "../loop.js";
import type { StepRecord } from "../step.js";
import type { ValidationRecord } from "../state.js";

/** A line of `log.jsonl`. */
export type LogLine =
  | ({ readonly type: "start" } & TrainingLength)
  | ({ readonly type: "step"; readonly seconds: number } & StepRecord)
  | ({ readonly type: "validation"; readonly seconds: number } & ValidationRecord)
  | { readonly type: "warning"; readonly step: number; readonly code: string; readonly message: string };

/** An append-only log that can be truncated to its length at a checkpoint. */
export interface RunLog {
  append(line: LogLine): Promise<void>;
  /** Flushes to the disk and returns the log's length in bytes. */
  flush(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Opens the log and truncates it to `bytes`, so that repeated steps are not logged twice. A shorter log loses
 * its last line if that is incomplete: `missing` is the number of lost bytes.
 */
export async function openLog(path: string, bytes: number): Promise<RunLog & { readonly missing: number }> {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw fileError(error, path);
    }
  };
  const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
  const file: FileHandle = await guarded(() => open(path, flags));
  const there = await guarded(() => file.stat());
  if (!there.isFile()) {
    await file.close();
    throw new InputError({ place: path, problem: "is not a plain file", remedy: "Move it away." });
  }
  let length = bytes;
  if (there.size < bytes) length = (await guarded(() => readFile(path))).lastIndexOf("\n") + 1;
  const missing = bytes - length;
  await guarded(() => file.truncate(length));
  return {
    missing,
    async append(line) {
      const encoded = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
      await guarded(() => file.appendFile(encoded));
      length += encoded.length;
    },
    async flush() {
      await guarded(() => file.sync());
      return length;
    },
    close: () => file.close(),
  };
}

const step = z.int().min(0);
const seconds = z.number().min(0);
/** A loss that is not finite is written as null. */
const measured = z.number().nullable();

const lineSchema = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("start"),
    steps: step,
    stepsPerEpoch: z.number().positive(),
    images: step,
    validationImages: step,
  }),
  z.looseObject({ type: z.literal("step"), step, seconds, loss: measured }),
  z.looseObject({
    type: z.literal("validation"),
    step,
    seconds,
    images: step,
    clean: z.number(),
    robust: z.number().nullable(),
  }),
  z.looseObject({ type: z.literal("warning"), step, code: z.string(), message: z.string() }),
]);

/**
 * The lines of a log, without a last line that a kill cut short.
 *
 * @throws InputError naming the first line that is not a valid log line.
 */
export async function readLog(path: string): Promise<readonly LogLine[]> {
  const text = new TextDecoder().decode(await readFileChecked(path, MOST_JSON_BYTES));
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  return complete
    .split("\n")
    .flatMap((line, i) => (line === "" ? [] : [parseLine(line, `${path}: line ${i + 1}`)]));
}

function parseLine(line: string, place: string): LogLine {
  const refusal = {
    problem: "is not a line of a training log",
    remedy: "Delete the line, or restore the file from a copy.",
  };
  const value = parseJson(line, place, refusal);
  checkShape(lineSchema, value, place, refusal);
  return value as LogLine;
}
