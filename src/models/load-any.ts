import { InputError } from "../errors/index.js";
import { drawsNumbers, UnreadableModelError, type UnreadableNode } from "../graph/index.js";
import { readModelFile, type Model } from "../onnx/index.js";
import { classifierFromFile, isOwnModel, type LoadOptions } from "./load.js";
import { opaqueFromFile } from "./load-opaque.js";
import type { AnyClassifier } from "./opaque.js";

/** {@link LoadOptions} for a model that may have unsupported nodes. */
export interface LoadAnyOptions extends LoadOptions {
  /** Receives the unsupported nodes if ONNX Runtime runs the file unchanged. */
  readonly onOpaque?: (unread: readonly UnreadableNode[]) => void;
}

/**
 * Like {@link loadClassifier}, but if nodes of the model are unsupported, ONNX Runtime runs the file unchanged. Such a
 * classifier has no gradient ({@link isOpaque}).
 *
 * @throws InputError if the file is not a classifier, draws random numbers itself, or ONNX Runtime refuses it too.
 */
export async function loadAnyClassifier(path: string, options: LoadAnyOptions = {}): Promise<AnyClassifier> {
  return anyFromFile(await readModelFile(path), path, options);
}

/** {@link loadAnyClassifier} for a file that has already been read. */
export async function anyFromFile(
  model: Model,
  path: string,
  { onOpaque, ...options }: LoadAnyOptions = {},
): Promise<AnyClassifier> {
  // Notices about converting to a graph do not apply to a file that is run unchanged.
  const noticed: string[] = [];
  const tell = (): void => noticed.forEach((text) => options.onNotice?.(text));
  try {
    const read = await classifierFromFile(model, path, {
      ...options,
      onNotice: (text) => noticed.push(text),
    });
    tell();
    return read;
  } catch (error) {
    // Run unchanged, a model that draws random numbers could not be reproduced.
    if (!(error instanceof UnreadableModelError) || isOwnModel(model) || error.nodes.some(drawsNumbers)) {
      tell();
      throw error;
    }
    const opaque = await opaqueFromFile(model, path, options, error.nodes).catch((other: unknown) => {
      throw other instanceof InputError ? neither(error, other) : other;
    });
    onOpaque?.(error.nodes);
    return opaque;
  }
}

function neither(
  { place, problem, remedy, nodes }: UnreadableModelError,
  other: InputError,
): UnreadableModelError {
  return new UnreadableModelError(
    {
      place,
      problem,
      remedy: `${remedy}\n  It cannot be run unchanged either: ${other.message}`,
      cause: other,
    },
    nodes,
  );
}
