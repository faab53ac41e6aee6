import { InputError } from "../errors/index.js";
import { UnreadableModelError, type UnreadableNode } from "../graph/index.js";
import { readModelFile, type Model } from "../onnx/index.js";
import { classifierFromFile, isOwnModel, type LoadOptions } from "./load.js";
import { opaqueFromFile } from "./load-opaque.js";
import type { AnyClassifier } from "./opaque.js";

/** {@link LoadOptions} of a model that may have nodes that are not read. */
export interface LoadAnyOptions extends LoadOptions {
  /** Told the nodes that are not read, where the model is run as its file is. */
  readonly onOpaque?: (unread: readonly UnreadableNode[]) => void;
}

/**
 * {@link loadClassifier}, but where nodes of the model cannot be read, ONNX Runtime runs the file as it is. Such a classifier
 * has no gradient ({@link isOpaque}).
 *
 * @throws InputError where the file is no classifier, or ONNX Runtime refuses it as well.
 */
export async function loadAnyClassifier(path: string, options: LoadAnyOptions = {}): Promise<AnyClassifier> {
  return anyFromFile(await readModelFile(path), path, options);
}

/** {@link loadAnyClassifier} for a file that was read already. */
export async function anyFromFile(
  model: Model,
  path: string,
  { onOpaque, ...options }: LoadAnyOptions = {},
): Promise<AnyClassifier> {
  // What is noticed on the way to a graph says nothing of a file that is run as it is.
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
    if (!(error instanceof UnreadableModelError) || isOwnModel(model)) {
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
    { place, problem, remedy: `${remedy}\n  Nor can it be run as it is: ${other.message}`, cause: other },
    nodes,
  );
}
