import type { AttributeSpecs, Read } from "../attributes.js";
import type { AttributeValue, Dim, Value } from "../graph.js";
import type { ImportBuilder } from "./import-builder.js";

/** A reason why a node cannot be part of a graph here; the importer adds its name and lists all. */
export class Unsupported extends Error {
  override name = "Unsupported";
}

/** A node of a model's opset, its attributes of the kinds that its op asks for. */
export interface RawNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface RaiseContext<S extends AttributeSpecs = AttributeSpecs> {
  /** Emits nodes of the internal opset; what is known before running becomes a constant at once. */
  readonly g: ImportBuilder;
  readonly opset: number;
  readonly node: RawNode;
  /** Absent optional inputs are undefined. */
  readonly inputs: readonly (Value<Dim> | undefined)[];
  readonly attributes: Read<S>;
  /** The node's op, attributes that it still has included, on other inputs; with as many outputs by default. */
  again(inputs: readonly (Value<Dim> | undefined)[], outputs?: number): readonly Value<Dim>[];
}

/** How an op that an older opset wrote otherwise, or that others can express, is said in the internal opset. */
export interface Raise<S extends AttributeSpecs = AttributeSpecs> {
  /** Attributes that are read here, whether or not the op of the internal opset still has them. */
  readonly attributes: S;
  /** The values that stand for the node's outputs; undefined where it can stay as it is. */
  emit(context: RaiseContext<S>): readonly Value<Dim>[] | undefined;
}

/** Gives an entry the type of its attributes. */
export function raise<const S extends AttributeSpecs>(entry: Raise<S>): Raise<S> {
  return entry;
}
