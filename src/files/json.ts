import type { z } from "zod";
import { InputError } from "../errors/index.js";
import { readFileChecked } from "./files.js";

/** What to say of a file that is not what it must be. */
export interface Refusal {
  /** `is not the configuration of a run`. */
  readonly problem: string;
  readonly remedy: string;
}

/** Enough for the pictures of a reproduction; half of the longest string that JavaScript can have. */
export const MOST_JSON_BYTES: number = 2 ** 28;

/**
 * A JSON file, its values not looked at yet: see {@link checkShape}.
 *
 * @throws InputError when it is missing, no plain file, larger than `mostBytes`, or not JSON in UTF-8.
 */
export async function readJson(
  path: string,
  refusal: Refusal,
  mostBytes: number = MOST_JSON_BYTES,
): Promise<unknown> {
  return parseJson(await readFileChecked(path, mostBytes), path, refusal);
}

/** The value of JSON in UTF-8. @throws InputError at `place` where it is none. */
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

/** No more places that differ are named. */
const NAMED = 5;

/**
 * A value as what the schema makes of it.
 *
 * @param place where it comes from (a file), for the message.
 * @throws InputError naming the first places that differ.
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
