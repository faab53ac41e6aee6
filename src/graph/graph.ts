import type { DType, Tensor } from "../tensor/index.js";
import type { OpType } from "./catalogue/index.js";

/** A dimension: a number, or a name that is bound to a number later, such as "N" for the batch. */
export type Dim = number | string;

/** A typed edge of a graph. `D` is `number` once every dimension is bound. */
export interface Value<D extends Dim = number> {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly D[];
}

/** The value of an attribute. The op catalogue knows whether a number is an int or a float. */
export type AttributeValue = number | string | readonly number[] | readonly string[] | Tensor;
/** A node's attributes by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One application of an op of the internal opset in the default domain. */
export interface Node<Op extends OpType = OpType> {
  /** Unique in its graph and never empty. */
  readonly name: string;
  readonly op: Op;
  /** Value names; "" is an absent optional input. */
  readonly inputs: readonly string[];
  /** Value names; "" is an unused output. */
  readonly outputs: readonly string[];
  /** Attributes equal to the catalogue's defaults may be left out. */
  readonly attributes: Attributes;
  /** Differentiate the node as if it returned its first input (straight-through), whatever its rule. */
  readonly straightThrough?: boolean;
}

/**
 * A dataflow graph in static single assignment form: plain data, with nodes in topological order.
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

/** The value called `name`. @throws a plain Error if there is none, because a broken graph is a bug in this library. */
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
