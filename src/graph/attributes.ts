import type { DType, Tensor } from "../tensor/index.js";
import type { Attributes, AttributeValue } from "./graph.js";
import { ShapeError } from "./shape-error.js";

/** The value of each kind of attribute. A `dtype` is a number in a file and a type name in a graph. */
export interface AttributeKinds {
  readonly int: number;
  readonly float: number;
  readonly string: string;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly strings: readonly string[];
  readonly tensor: Tensor;
  readonly dtype: DType;
}

export type AttributeKind = keyof AttributeKinds;

export interface AttributeSpec {
  readonly kind: AttributeKind;
  readonly default?: number | string | readonly number[];
  readonly required?: boolean;
}

/** An op's attributes by name. This is the only place that defines their kinds and defaults. */
export type AttributeSpecs = Readonly<Record<string, AttributeSpec>>;

/** Attributes as a caller gives them to a node. Those with a default may be omitted. */
export type Given<S extends AttributeSpecs> = {
  readonly [Name in keyof S]?: AttributeKinds[S[Name]["kind"]] | undefined;
};

/** Attributes as read from a node, with defaults filled in; undefined if absent without a default. */
export type Read<S extends AttributeSpecs> = {
  readonly [Name in keyof S]:
    | AttributeKinds[S[Name]["kind"]]
    | (S[Name] extends { readonly default: unknown } | { readonly required: true } ? never : undefined);
};

/**
 * Reads a node's attributes and fills in the defaults of its op.
 *
 * @throws ShapeError if a required attribute is missing.
 */
export function readAttributes<S extends AttributeSpecs>(specs: S, attributes: Attributes): Read<S> {
  const read: Record<string, AttributeValue | undefined> = {};
  for (const name in specs) {
    const spec = specs[name]!;
    const value = Object.hasOwn(attributes, name) ? attributes[name] : spec.default;
    if (value === undefined && spec.required === true) throw new ShapeError(`attribute "${name}" is missing`);
    read[name] = value;
  }
  return read as Read<S>;
}
