import { expect } from "vitest";
import { HoldfastError } from "../src/errors/index.js";

/** The error that `work` ends with: one of `kind`, that says what to do. */
export async function refusalOf<T extends HoldfastError>(
  work: Promise<unknown>,
  kind: abstract new (...args: never[]) => T,
): Promise<T> {
  const error: unknown = await work.then(
    () => "nothing was refused",
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(kind);
  expect((error as T).remedy).toBeTruthy();
  return error as T;
}
