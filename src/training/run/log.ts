import { open, type FileHandle } from "node:fs/promises";
import { fileError, readFileChecked } from "../../files/index.js";
import type { StepRecord } from "../step.js";
import type { ValidationRecord } from "../state.js";

/** A line of `log.jsonl`. */
export type LogLine =
  | ({ readonly type: "step"; readonly seconds: number } & StepRecord)
  | ({ readonly type: "validation"; readonly seconds: number } & ValidationRecord)
  | { readonly type: "warning"; readonly step: number; readonly code: string; readonly message: string };

/** An append-only log that can be cut back to what a checkpoint knows. */
export interface RunLog {
  append(line: LogLine): Promise<void>;
  /** Flushes to the disk; the log's length in bytes. */
  flush(): Promise<number>;
  close(): Promise<void>;
}

/** Opens the log and cuts it to `bytes`, so that steps done again are not told twice. */
export async function openLog(path: string, bytes: number): Promise<RunLog> {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw fileError(error, path);
    }
  };
  let length = bytes;
  const file: FileHandle = await guarded(() => open(path, "a+"));
  await guarded(() => file.truncate(bytes));
  return {
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

/** The lines of a log; a last line that a kill cut short is left out. */
export async function readLog(path: string): Promise<readonly LogLine[]> {
  const text = new TextDecoder().decode(await readFileChecked(path));
  const complete = text.slice(0, text.lastIndexOf("\n") + 1);
  return complete
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LogLine);
}
