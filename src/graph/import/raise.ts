import type { AttributeSpecs, Read } from "../attributes.js";
import type { AttributeValue, Dim, Value } from "../graph.js";
import type { ImportBuilder } from "./import-builder.js";

/** Says why a node cannot be imported. The importer adds the node's name and lists all such nodes. */
export class Unsupported extends Error {
  override name = "Unsupported";
}

/** A node in the model's opset, with attributes of the kinds that its op requires. */
export interface RawNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface RaiseContext<S extends AttributeSpecs = AttributeSpecs> {
  /** Emits nodes of the internal opset. Values known before running become constants at once. */
  readonly g: ImportBuilder;
  readonly opset: number;
  readonly node: RawNode;
  /** Absent optional inputs are undefined. */
  readonly inputs: readonly (Value<Dim> | undefined)[];
  readonly attributes: Read<S>;
  /** Applies the node's op to other inputs, with its remaining attributes and by default as many outputs. */
  again(inputs: readonly (Value<Dim> | undefined)[], outputs?: number): readonly Value<Dim>[];
}

/** Converts an op of an older opset, or an op that others can express, to the internal opset. */
export interface Raise<S extends AttributeSpecs = AttributeSpecs> {
  /** Attributes that `emit` reads, whether or not the op still has them in the internal opset. */
  readonly attributes: S;
  /** Returns the values that replace the node's outputs, or undefined if it can stay as it is. */
  emit(context: RaiseContext<S>): readonly Value<Dim>[] | undefined;
}

/** Infers the attribute types of an entry from the entry itself. */
export function raise<const S extends AttributeSpecs>(entry: Raise<S>): Raise<S> {
  return entry;
}
