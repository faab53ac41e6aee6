import { existsSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { z } from "zod";
import { fileError, readFileChecked } from "./files.js";
import { checkShape, MOST_JSON_BYTES, parseJson } from "./json.js";
import { refuseLinks } from "./own.js";
import { replaceFile } from "./write.js";

type Json = z.infer<ReturnType<typeof z.json>>;

/**
 * The finished parts of a long job, one per line, so that a killed job can continue where it stopped. An incomplete
 * last line does not count.
 */
export interface Journal {
  /** The result of a part; undefined if it is not finished. @throws InputError if it does not match the schema. */
  get<T>(part: string, schema: z.ZodType<T>): T | undefined;
  put(part: string, value: unknown): Promise<void>;
  /** Number of finished parts. */
  readonly size: number;
}

export async function openJournal(path: string): Promise<Journal> {
  const parts = new Map<string, Json>();
  await refuseLinks([path]);
  const text = existsSync(path) ? new TextDecoder().decode(await readFileChecked(path, MOST_JSON_BYTES)) : "";
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  for (const line of whole.split("\n")) {
    if (line === "") continue;
    parts.set(...parse(line, path));
  }
  // Remove an incomplete last line, so that the next one is not appended to it.
  if (whole.length < text.length) await replaceFile(path, whole);
  return {
    get size() {
      return parts.size;
    },
    get(part, schema) {
      const value = parts.get(part);
      if (value === undefined) return undefined;
      return checkShape(schema, value, `${path}: part "${part}"`, {
        ...refusal,
        problem: "is not a finished part",
      });
    },
    async put(part, value) {
      const plain = JSON.parse(JSON.stringify(value)) as Json;
      await appendFile(path, `${JSON.stringify([part, plain])}\n`).catch((error: unknown) => {
        throw fileError(error, path);
      });
      parts.set(part, plain);
    },
  };
}

const lineSchema: z.ZodType<[string, Json]> = z.tuple([z.string(), z.json()]);
const refusal = {
  problem: "has a line that cannot be read",
  remedy: "Delete the file. Its contents will be computed again.",
};

function parse(line: string, path: string): [string, Json] {
  return checkShape(lineSchema, parseJson(line, path, refusal), path, refusal);
}
