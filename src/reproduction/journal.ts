import { appendFile, readFile, writeFile } from "node:fs/promises";
import { InputError } from "../errors/index.js";
import { fileError } from "../files/index.js";
import type { Json } from "./piece.js";

/**
 * Finished parts of a piece, a line each, so that a killed piece goes on where it was. A last line
 * that was cut off does not count.
 */
export interface Journal {
  get(part: string): Json | undefined;
  put(part: string, value: unknown): Promise<void>;
}

export async function openJournal(path: string): Promise<Journal> {
  const parts = new Map<string, Json>();
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw fileError(error, path);
  });
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  for (const line of whole.split("\n")) {
    if (line === "") continue;
    parts.set(...parse(line, path));
  }
  // What follows must not be glued to a line that was cut off.
  if (whole.length < text.length) await writeFile(path, whole);
  return {
    get: (part) => parts.get(part),
    async put(part, value) {
      const plain = JSON.parse(JSON.stringify(value)) as Json;
      await appendFile(path, `${JSON.stringify([part, plain])}\n`).catch((error: unknown) => {
        throw fileError(error, path);
      });
      parts.set(part, plain);
    },
  };
}

function parse(line: string, path: string): [string, Json] {
  try {
    return JSON.parse(line) as [string, Json];
  } catch (cause) {
    throw new InputError({
      place: path,
      problem: "has a line that cannot be read",
      remedy: "Delete the file; its piece is made again.",
      cause,
    });
  }
}
