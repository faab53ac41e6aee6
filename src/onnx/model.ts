import type { Tensor } from "../tensor/index.js";

/**
 * An ONNX file as plain data, before anything is known of its operators: what the bytes
 * say, validated, with external data read in. `graph/` gives it meaning.
 */
export interface Model {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  /** Opset version of each domain; the default domain is "". */
  readonly opsets: ReadonlyMap<string, number>;
  /** `metadata_props`. A Map, so that a key such as `__proto__` is only a key. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: ModelGraph;
  readonly functions: readonly ModelFunction[];
}

/** A model's graph as the file has it: any opset, any operator. */
export interface ModelGraph {
  readonly name: string;
  readonly nodes: readonly ModelNode[];
  /** Inputs that have no initializer. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly valueInfo: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Tensor>;
}

/** A model-local function: a body that a node of its name and domain stands for. */
export interface ModelFunction {
  readonly name: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  /** Values of attributes that a call may leave out. */
  readonly defaults: ReadonlyMap<string, Attribute>;
  readonly nodes: readonly ModelNode[];
  readonly opsets: ReadonlyMap<string, number>;
}

/** A node as the file has it. */
export interface ModelNode {
  /** May be empty: then messages name the first output. */
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  /** Value names; "" is an absent optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** An attribute of a node, by the kind that the file gives it. */
export type Attribute =
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "tensor"; readonly value: Tensor }
  | { readonly kind: "graph"; readonly value: ModelGraph }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  /** Inside a function body: the caller's attribute of this name. */
  | { readonly kind: "reference"; readonly value: string };

/** Name and type of a graph input, output or intermediate value. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: Tensor["dtype"];
  /** A number, or the name of a symbolic dimension ("" when unnamed); undefined: unknown rank. */
  readonly shape: readonly (number | string)[] | undefined;
}
