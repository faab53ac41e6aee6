import type { z } from "zod";
import { InputError } from "../errors/index.js";
import { readFileChecked } from "./files.js";

/** How to report a file with wrong contents. */
export interface Refusal {
  /** For example `is not the configuration of a run`. */
  readonly problem: string;
  readonly remedy: string;
}

/** Enough for the pictures of a reproduction, and half the length of JavaScript's longest string. */
export const MOST_JSON_BYTES: number = 2 ** 28;

/**
 * Reads a JSON file without checking its values; {@link checkShape} does that.
 *
 * @throws InputError if the file is missing, not a plain file, larger than `mostBytes`, or not JSON in UTF-8.
 */
export async function readJson(
  path: string,
  refusal: Refusal,
  mostBytes: number = MOST_JSON_BYTES,
): Promise<unknown> {
  return parseJson(await readFileChecked(path, mostBytes), path, refusal);
}

/** Parses JSON in UTF-8. @throws InputError at `place` if it is not JSON. */
export function parseJson(json: Uint8Array | string, place: string, refusal: Refusal): unknown {
  try {
    return JSON.parse(
      typeof json === "string" ? json : new TextDecoder("utf-8", { fatal: true }).decode(json),
    );
  } catch (cause) {
    const { problem, remedy } = refusal;
    throw new InputError({ place, problem: `${problem}: it is not JSON`, remedy, cause });
  }
}

/** Most mismatches to name. */
const NAMED = 5;

/**
 * Parses a value by a schema.
 *
 * @param place where the value comes from (a file), for the message.
 * @throws InputError naming the first mismatches.
 */
export function checkShape<T>(schema: z.ZodType<T>, value: unknown, place: string, refusal: Refusal): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const named = issues
    .slice(0, NAMED)
    .map(({ path, message }) => `${path.join(".") || "the whole file"}: ${message}`);
  const more = issues.length > NAMED ? [`and ${issues.length - NAMED} more`] : [];
  throw new InputError({
    place,
    problem: `${refusal.problem}: ${[...named, ...more].join("; ")}`,
    remedy: refusal.remedy,
    cause: parsed.error,
  });
}
