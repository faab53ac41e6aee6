import { InputError, UsageError } from "./errors.js";

/** An error in a form that survives posting to another thread. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly place?: string;
  readonly problem?: string;
  readonly remedy?: string | undefined;
}

/** Packs an error for posting. */
export function packError(error: unknown): PackedError {
  const { name, message } = error as Error;
  if (!(error instanceof InputError || error instanceof UsageError)) return { name, message };
  const { place, problem, remedy } = error;
  return { name, message, place, problem, remedy };
}

/** The error that was packed, of the same class; `where` says in what it happened. */
export function unpackError({ name, message, place, problem, remedy }: PackedError, where: string): Error {
  if (place === undefined || problem === undefined) return new Error(`${name} in ${where}: ${message}`);
  const details = { place, problem, ...(remedy === undefined ? {} : { remedy }) };
  return name === "UsageError" ? new UsageError(details) : new InputError(details);
}
