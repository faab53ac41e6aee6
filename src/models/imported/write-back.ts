import type { Model } from "../../onnx/index.js";
import { tensor, type Tensor } from "../../tensor/index.js";
import { FOREIGN_NAMES } from "../foreign-names.js";
import { METADATA } from "../model-metadata.js";
import { asType } from "./half.js";
import type { Imported } from "./read-imported.js";

/**
 * The file's own model with other weights: nodes, inputs, outputs, element types, opset and metadata stay the same, so
 * that it can replace the file. With a new last layer its metadata name the new classes.
 *
 * @param weights float32, by the classifier's names; they are rounded to the float type in the file.
 */
export function writeBack(
  { source }: Imported,
  weights: ReadonlyMap<string, Tensor>,
  newClasses?: readonly string[],
): Model {
  const initializers = new Map(source.graph.initializers);
  for (const [name, { shape, data }] of weights) {
    const { dtype } = initializers.get(name)!;
    initializers.set(name, asType(dtype, tensor("float32", shape, data as Float32Array)));
  }
  return {
    ...source,
    metadata: newClasses === undefined ? source.metadata : namedClasses(source.metadata, newClasses),
    graph: { ...source.graph, initializers },
  };
}

/** Class names under the same key and in the same form as in the file: a list, or names by number. */
function namedClasses(
  metadata: ReadonlyMap<string, string>,
  classNames: readonly string[],
): Map<string, string> {
  const named = FOREIGN_NAMES.filter((key) => metadata.has(key));
  const list = JSON.stringify(classNames);
  const numbered = JSON.stringify(Object.fromEntries(classNames.map((name, i) => [String(i), name])));
  const form = (key: string): string =>
    metadata.get(key)?.trim().startsWith("{") === true ? numbered : list;
  const keys = named.length === 0 ? [METADATA.classNames] : named;
  return new Map([...metadata, ...keys.map((key) => [key, form(key)] as const)]);
}
