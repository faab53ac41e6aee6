import type { DType, Tensor } from "../tensor/index.js";
import type { OpType } from "./catalogue/index.js";

/** A dimension: a number, or the name of one that is bound later (such as the batch, "N"). */
export type Dim = number | string;

/** A typed edge of a graph. `D` is `number` once every dimension is bound. */
export interface Value<D extends Dim = number> {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly D[];
}

/** Attribute values by name; the op catalogue knows which are ints and which floats. */
export type AttributeValue = number | string | readonly number[] | readonly string[] | Tensor;
/** A node's attributes by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One operator application of the internal opset, default domain. */
export interface Node<Op extends OpType = OpType> {
  /** Unique in its graph and never empty. */
  readonly name: string;
  readonly op: Op;
  /** Value names; "" is an absent optional input. */
  readonly inputs: readonly string[];
  /** Value names; "" is an unused output. */
  readonly outputs: readonly string[];
  /** Only those that differ from the catalogue's defaults must be present. */
  readonly attributes: Attributes;
  /** Differentiated as if it returned its first input (straight-through), regardless of its rule. */
  readonly straightThrough?: boolean;
}

/**
 * A dataflow graph in static single assignment: pure data, nodes in topological order.
 * Every name in `inputs`, `outputs`, `initializers` and in a node is a key of `values`.
 */
export interface Graph<D extends Dim = number> {
  readonly name: string;
  /** Names of the values fed at run time, in order. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly nodes: readonly Node[];
  readonly values: ReadonlyMap<string, Value<D>>;
  readonly initializers: ReadonlyMap<string, Tensor>;
}

/** The value called `name`. Throws a plain Error otherwise, because a broken graph is a bug in this library. */
export function valueOf<D extends Dim>(graph: Graph<D>, name: string): Value<D> {
  const value = graph.values.get(name);
  if (value === undefined) throw new Error(`graph "${graph.name}" has no value "${name}"`);
  return value;
}

/** The node that produces each value. */
export function producers(graph: Graph<Dim>): Map<string, Node> {
  const map = new Map<string, Node>();
  for (const node of graph.nodes) {
    for (const output of node.outputs) if (output !== "") map.set(output, node);
  }
  return map;
}
