/**
 * The errors that reach a user. Each names the place, what is wrong there, and the
 * remedy; the command line maps its class to an exit code.
 */

/** What a {@link HoldfastError} must say. */
export interface ErrorDetails {
  /** Where: a file, a node's name, an option. */
  readonly place: string;
  /** The rule and what was found instead. */
  readonly problem: string;
  /** What the user can do about it. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** Base of every error that is the user's to mend. */
export abstract class HoldfastError extends Error {
  readonly place: string;
  readonly problem: string;
  readonly remedy: string | undefined;
  /** Process exit code of the command line: 2 usage, 3 bad input, 130 interrupted. */
  abstract readonly exitCode: number;

  constructor(details: ErrorDetails) {
    const { place, problem, remedy, cause } = details;
    super(
      `${place}: ${problem}${remedy === undefined ? "" : `\n  ${remedy}`}`,
      cause === undefined ? undefined : { cause },
    );
    this.name = new.target.name;
    this.place = place;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** An option or argument is wrong (exit code 2). */
export class UsageError extends HoldfastError {
  override readonly exitCode = 2;
}

/** A file, model, dataset or tensor is not what it must be (exit code 3). */
export class InputError extends HoldfastError {
  override readonly exitCode = 3;
}

/** Makes the errors of one kind of file, which all have the same remedy. */
export function refusing(remedy: string): (place: string, problem: string, cause?: unknown) => InputError {
  return (place, problem, cause) => new InputError({ place, problem, remedy, cause });
}

/** Work was stopped on request, with its state saved (exit code 130). */
export class InterruptedError extends HoldfastError {
  override readonly exitCode = 130;
}
