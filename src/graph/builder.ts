import { float32, int64, tensor, type DType, type Tensor } from "../tensor/index.js";
import { OP_CATALOGUE, type OpType } from "./catalogue/index.js";
import type { Attributes, Dim, Graph, Node, Value } from "./graph.js";
import { checkShape, inferOutputs, ShapeError, type InputType } from "./infer.js";

export interface OpOptions {
  /** How many outputs to ask for; the op's least number by default. */
  readonly outputs?: number;
  /** Stem of the node's and its outputs' names; made unique. */
  readonly name?: string;
}

/**
 * Emits typed nodes one at a time: every op is checked against the catalogue and its
 * output types inferred when it is added, so an ill-typed graph cannot be built.
 */
export class GraphBuilder<D extends Dim = number> {
  readonly name: string;
  readonly #inputs: string[] = [];
  readonly #outputs: string[] = [];
  readonly #nodes: Node[] = [];
  readonly #values = new Map<string, Value<D>>();
  readonly #initializers = new Map<string, Tensor>();
  readonly #nodeNames = new Set<string>();
  readonly #producers = new Map<string, Node>();
  readonly #constants = new Map<string, Value<D>>();
  readonly #suffixes = new Map<string, number>();
  readonly #nodeSuffixes = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  /** A builder that goes on from `graph`; its outputs are kept only with `keepOutputs`. */
  static from<D extends Dim>(graph: Graph<D>, options: { keepOutputs?: boolean } = {}): GraphBuilder<D> {
    const builder = new GraphBuilder<D>(graph.name);
    builder.#inputs.push(...graph.inputs);
    builder.#nodes.push(...graph.nodes);
    for (const node of graph.nodes) builder.#enter(node);
    for (const [name, value] of graph.values) builder.#values.set(name, value);
    for (const [name, data] of graph.initializers) builder.#initializers.set(name, data);
    if (options.keepOutputs === true) builder.#outputs.push(...graph.outputs);
    return builder;
  }

  /** Declares a value fed at run time. */
  input(name: string, dtype: DType, shape: readonly D[]): Value<D> {
    checkShape(shape);
    this.#inputs.push(name);
    return this.#declare(name, dtype, shape);
  }

  /** Adds a named constant, such as a weight. */
  initializer(name: string, data: Tensor): Value<D> {
    this.#initializers.set(name, data);
    return this.#declare(name, data.dtype, data.shape as readonly D[]);
  }

  /** An unnamed constant; equal small constants share one value. */
  constant(data: Tensor): Value<D> {
    const key = data.data.length <= 64 ? `${data.dtype}[${data.shape.join()}]${data.data.join()}` : undefined;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const value = this.initializer(this.#unique("constant"), data);
    if (key !== undefined) this.#constants.set(key, value);
    return value;
  }

  /** int64 vector constant: shapes, axes, pads. */
  ints(values: readonly number[]): Value<D> {
    return this.constant(int64([values.length], values));
  }

  /** Scalar constant of `like`'s type (float32 by default), shape []. */
  scalar(value: number, like?: Value<Dim>): Value<D> {
    const dtype = like?.dtype ?? "float32";
    if (dtype === "float32") return this.constant(float32([], [value]));
    if (dtype === "float64") return this.constant(tensor("float64", [], Float64Array.of(value)));
    if (dtype === "int64") return this.constant(int64([], [value]));
    throw new Error(`no scalar of type ${dtype}`);
  }

  /** Applies an op with one wanted output. */
  op(
    op: OpType,
    inputs: readonly (Value<D> | null | undefined)[],
    attributes: Attributes = {},
    options: Omit<OpOptions, "outputs"> = {},
  ): Value<D> {
    return this.ops(op, inputs, attributes, { ...options, outputs: 1 })[0]!;
  }

  /**
   * Applies an op and returns all the outputs asked for.
   *
   * @throws ShapeError naming the node when the op's typing rule is broken.
   */
  ops(
    op: OpType,
    inputs: readonly (Value<D> | null | undefined)[],
    attributes: Attributes = {},
    options: OpOptions = {},
  ): Value<D>[] {
    const outputCount = options.outputs ?? OP_CATALOGUE[op].outputs[0];
    const stem = options.name ?? op.toLowerCase();
    const first = this.#unique(stem);
    const outputs = Array.from({ length: outputCount }, (_, i) =>
      i === 0 ? first : this.#unique(`${first}.${i}`),
    );
    return this.node({
      name: this.#uniqueNode(outputs[0]!),
      op,
      inputs: trimmed(inputs.map((input) => input?.name ?? "")),
      outputs,
      attributes,
    });
  }

  /** Adds a node as it stands, names included; returns its outputs ("" ones left out). */
  node(node: Node): Value<D>[] {
    if (!Object.hasOwn(OP_CATALOGUE, node.op)) {
      throw new ShapeError(`op ${node.op} is not in the catalogue`, `node "${node.name}"`);
    }
    const types = node.inputs.map((name) => (name === "" ? undefined : this.#typeOf(name, node)));
    const inferred = inferOutputs(node, OP_CATALOGUE[node.op as OpType], types);
    if (this.#nodeNames.has(node.name)) throw new ShapeError(`two nodes are named "${node.name}"`);
    this.#enter(node);
    this.#nodes.push(node);
    const values: Value<D>[] = [];
    node.outputs.forEach((name, i) => {
      const type = inferred[i]!;
      if (name !== "") values.push(this.#declare(name, type.dtype, type.shape as readonly D[]));
    });
    return values;
  }

  /** Marks a value as an output of the graph. */
  output(value: Value<D>, name?: string): void {
    let named = value;
    if (name !== undefined && name !== value.name) {
      this.node({
        name: this.#uniqueNode(name),
        op: "Identity",
        inputs: [value.name],
        outputs: [name],
        attributes: {},
      });
      named = this.value(name);
    }
    this.#outputs.push(named.name);
  }

  value(name: string): Value<D> {
    const value = this.#values.get(name);
    if (value === undefined) throw new Error(`graph "${this.name}" has no value "${name}"`);
    return value;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The constant behind a value, if it is one. */
  constantOf(value: Value<D>): Tensor | undefined {
    return this.#initializers.get(value.name);
  }

  /** The node that computes a value; undefined for inputs and constants. */
  producer(value: Value<D>): Node | undefined {
    return this.#producers.get(value.name);
  }

  /** The nodes so far, in order. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** The graph as it stands; the builder may go on. */
  build(): Graph<D> {
    return {
      name: this.name,
      inputs: [...this.#inputs],
      outputs: [...this.#outputs],
      nodes: [...this.#nodes],
      values: new Map(this.#values),
      initializers: new Map(this.#initializers),
    };
  }

  #enter(node: Node): void {
    this.#nodeNames.add(node.name);
    for (const output of node.outputs) if (output !== "") this.#producers.set(output, node);
  }

  #typeOf(name: string, node: Node): InputType {
    const value = this.#values.get(name);
    if (value === undefined) {
      throw new ShapeError(`input "${name}" is not defined before it`, `node "${node.name}" (${node.op})`);
    }
    return { dtype: value.dtype, shape: value.shape, constant: this.#initializers.get(name) };
  }

  #declare(name: string, dtype: DType, shape: readonly D[]): Value<D> {
    if (this.#values.has(name)) throw new ShapeError("is defined twice", `value "${name}"`);
    const value = Object.freeze({ name, dtype, shape: Object.freeze([...shape]) });
    this.#values.set(name, value);
    return value;
  }

  #unique(stem: string): string {
    return freeName(stem, this.#values, this.#suffixes);
  }

  #uniqueNode(stem: string): string {
    return freeName(stem, this.#nodeNames, this.#nodeSuffixes);
  }
}

/** `stem`, or `stem_1` and so on; `suffixes` remembers where to look next, so that many of one stem take no longer. */
export function freeName(
  stem: string,
  taken: { has(name: string): boolean },
  suffixes: Map<string, number>,
): string {
  if (!taken.has(stem)) return stem;
  let suffix = suffixes.get(stem) ?? 1;
  while (taken.has(`${stem}_${suffix}`)) suffix++;
  suffixes.set(stem, suffix + 1);
  return `${stem}_${suffix}`;
}

/** ONNX leaves trailing absent inputs out. */
function trimmed(names: readonly string[]): string[] {
  let length = names.length;
  while (length > 0 && names[length - 1] === "") length--;
  return names.slice(0, length);
}
