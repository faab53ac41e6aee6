import type { Tensor } from "../tensor/index.js";

/**
 * An ONNX file as plain data: the validated contents, with external data read in. What its operators mean is left to
 * `graph/`.
 */
export interface Model {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  /** Opset version of each domain; the default domain is "". */
  readonly opsets: ReadonlyMap<string, number>;
  /** `metadata_props`. It is a Map, so that a key such as `__proto__` is only a key. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: ModelGraph;
  readonly functions: readonly ModelFunction[];
}

/** A model's graph as it is in the file, with any opset and any operators. */
export interface ModelGraph {
  readonly name: string;
  readonly nodes: readonly ModelNode[];
  /** Inputs without an initializer. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly valueInfo: readonly ValueInfo[];
  readonly initializers: ReadonlyMap<string, Tensor>;
}

/** A model-local function: the body that nodes of its name and domain stand for. */
export interface ModelFunction {
  readonly name: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly string[];
  /** Default values of attributes that a call may omit. */
  readonly defaults: ReadonlyMap<string, Attribute>;
  readonly nodes: readonly ModelNode[];
  readonly opsets: ReadonlyMap<string, number>;
}

/** A node as it is in the file. */
export interface ModelNode {
  /** May be empty. Messages then name the first output. */
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  /** Value names; "" is an absent optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** An attribute of a node, with the kind stated in the file. */
export type Attribute =
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "tensor"; readonly value: Tensor }
  | { readonly kind: "graph"; readonly value: ModelGraph }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  /** Inside a function body, refers to the call's attribute of this name. */
  | { readonly kind: "reference"; readonly value: string };

/** The name and type of a graph input, output or intermediate value. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: Tensor["dtype"];
  /** Numbers, or names of symbolic dimensions ("" if unnamed); undefined if the rank is unknown. */
  readonly shape: readonly (number | string)[] | undefined;
}
