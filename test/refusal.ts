import { expect } from "vitest";
import { InputError, type HoldfastError } from "../src/errors/index.js";
import { graphFromModel } from "../src/graph/index.js";
import type { Model } from "../src/onnx/index.js";

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

/** What is said of a model whose graph cannot be read. */
export function graphRefusal(model: Model): string {
  try {
    graphFromModel(model, { place: "m.onnx" });
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error("was not refused");
}
