/** What the loader and its workers say to each other. */
import { InputError, UsageError, type HoldfastError } from "../../errors/index.js";
import type { Augmentation } from "../augment.js";
import type { ImageSource } from "../source.js";

/** Given to a worker when it starts. */
export interface WorkerSetup {
  readonly source: ImageSource;
  readonly sourceIndices: Uint32Array | undefined;
  readonly augmentation: Augmentation | undefined;
  readonly seed: number;
}

/** A batch to prepare. */
export interface BatchRequest {
  /** Returned with the reply. */
  readonly id: number;
  readonly epoch: number;
  readonly indices: Uint32Array;
}

/** A prepared batch, whose buffer is transferred, or what went wrong. */
export type BatchReply =
  | { readonly id: number; readonly images: Float32Array<ArrayBuffer> }
  | { readonly id: number; readonly failure: Failure };

/** An error in a form that survives posting. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly place?: string;
  readonly problem?: string;
  readonly remedy?: string | undefined;
}

/** Packs an error for posting. */
export function packError(error: unknown): Failure {
  const { name, message } = error as Error;
  if (!(error instanceof InputError || error instanceof UsageError)) return { name, message };
  const { place, problem, remedy } = error satisfies HoldfastError;
  return { name, message, place, problem, remedy };
}

/** The error that was packed, of the same class. */
export function unpackError({ name, message, place, problem, remedy }: Failure): Error {
  if (place === undefined || problem === undefined)
    return new Error(`${name} in a loader's worker: ${message}`);
  const details = { place, problem, ...(remedy === undefined ? {} : { remedy }) };
  return name === "UsageError" ? new UsageError(details) : new InputError(details);
}
