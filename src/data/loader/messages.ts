/** Messages between the loader and its workers. */
import type { PackedError } from "../../errors/index.js";
import type { Augmentation, ImageSource } from "../pixels/index.js";

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
  | { readonly id: number; readonly failure: PackedError };
