import { arrayConstructor, int64, tensor, type DType, type Tensor } from "../tensor/index.js";
import { isKnownOp, OP_CATALOGUE, specOf, type AttributesOf, type OpType } from "./catalogue/index.js";
import { ComputedShapes } from "./computed-shapes.js";
import type { Attributes, AttributeValue, Dim, Graph, Node, Value } from "./graph.js";
import type { ShapeValue } from "./shape-values.js";
import { freeNames, trimmed, type NameSet } from "./names.js";
import { checkShape, inferOutputs, ShapeError, type InputType } from "./infer.js";

/** Options of a node besides its inputs and attributes. */
export interface OpOptions {
  /** Number of outputs; by default the fewest that the op allows. */
  readonly outputs?: number;
  /** Stem for the names of the node and its outputs. A suffix makes them unique. */
  readonly name?: string;
  /** Differentiate the node as the identity. */
  readonly straightThrough?: boolean;
}

/**
 * Emits typed nodes one at a time. Each op is checked against the catalogue and its output types are inferred when it
 * is added, so an ill-typed graph cannot be built.
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
  /** Replaced names, each with the value that stands for it. */
  readonly #aliases = new Map<string, Value<D>>();
  readonly #computedShapes = new ComputedShapes<D>(this);
  /** Names declared since the current replacement began. */
  #made: Set<string> | undefined;
  readonly #freeName: (stem: string) => string;
  readonly #freeNodeName: (stem: string) => string;

  /** @param reserved names of values and nodes that are never chosen automatically. */
  constructor(name: string, reserved: { readonly values?: NameSet; readonly nodes?: NameSet } = {}) {
    this.name = name;
    this.#freeName = freeNames(this.#values, reserved.values);
    this.#freeNodeName = freeNames(this.#nodeNames, reserved.nodes);
  }

  /** A builder that continues `graph`. Its outputs stay outputs only with `keepOutputs`. */
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

  /**
   * A builder with the inputs and constants of `graph`. The names of its nodes stay free, so that they can be added.
   */
  static over<D extends Dim>(
    graph: Graph<Dim>,
    inputs: ReadonlyMap<string, Value<Dim>> = graph.values,
  ): GraphBuilder<D> {
    const nodes = new Set(graph.nodes.map(({ name }) => name));
    const builder = new GraphBuilder<D>(graph.name, { values: graph.values, nodes });
    for (const name of graph.inputs) {
      const { dtype, shape } = inputs.get(name)!;
      builder.input(name, dtype, shape as readonly D[]);
    }
    for (const [name, data] of graph.initializers) builder.initializer(name, data);
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

  /** Adds a constant without a given name. Equal small constants share one value. */
  constant(data: Tensor): Value<D> {
    const key = keyOf(data);
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const value = this.initializer(this.#freeName("constant"), data);
    if (key !== undefined) this.#constants.set(key, value);
    return value;
  }

  /**
   * Adds an int64 vector: a shape, axes, pads.
   *
   * @throws ShapeError for anything but whole numbers: a file may name a dimension where a number is needed, or one that does
   *   not divide.
   */
  ints(values: readonly number[]): Value<D> {
    const other = values.find((value) => !Number.isInteger(value));
    if (other !== undefined) throw new ShapeError(`needs whole numbers, found "${other}"`);
    return this.constant(int64([values.length], values));
  }

  /** Adds a scalar of shape [], with the type of `like` (float32 by default). */
  scalar(value: number, like?: Value<Dim>): Value<D> {
    const dtype = like?.dtype ?? "float32";
    const data = new (arrayConstructor(dtype))(1);
    data[0] =
      data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(value) : (value as never);
    return this.constant(tensor(dtype, [], data as never));
  }

  /** Applies an op and returns its first output. */
  op<Op extends OpType>(
    op: Op,
    inputs: readonly (Value<D> | null | undefined)[],
    attributes: AttributesOf<Op> = {},
    options: Omit<OpOptions, "outputs"> = {},
  ): Value<D> {
    return this.ops(op, inputs, attributes, { ...options, outputs: 1 })[0]!;
  }

  /**
   * Applies an op and returns all requested outputs.
   *
   * @throws ShapeError naming the node if the inputs break the op's typing rule.
   */
  ops<Op extends OpType>(
    op: Op,
    inputs: readonly (Value<D> | null | undefined)[],
    attributes: AttributesOf<Op> = {},
    options: OpOptions = {},
  ): Value<D>[] {
    const outputCount = options.outputs ?? OP_CATALOGUE[op].outputs[0];
    const stem = options.name ?? op.toLowerCase();
    const first = this.#freeName(stem);
    const outputs = Array.from({ length: outputCount }, (_, i) =>
      i === 0 ? first : this.#freeName(`${first}.${i}`),
    );
    const given = Object.entries(attributes as Readonly<Record<string, AttributeValue | undefined>>);
    return this.node({
      name: this.#freeNodeName(outputs[0]!),
      op,
      inputs: trimmed(inputs.map((input) => input?.name ?? "")),
      outputs,
      attributes: Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Attributes,
      ...(options.straightThrough === true && { straightThrough: true }),
    });
  }

  /** Applies the op of `node` to other inputs, with its first output only. It is differentiated like `node`. */
  again(
    { op, attributes, straightThrough = false }: Node,
    inputs: readonly (Value<D> | null | undefined)[],
  ): Value<D> {
    return this.ops(op, inputs, attributes, { outputs: 1, straightThrough })[0]!;
  }

  /** The inputs of a node as values; absent ones are undefined. */
  inputsOf({ inputs }: Pick<Node, "inputs">): readonly (Value<D> | undefined)[] {
    return inputs.map((name) => (name === "" ? undefined : this.value(name)));
  }

  /**
   * Replaces a node's outputs by the values that `make` returns. New values take the names of the outputs, and the node
   * that computes the first of them takes the name of the node. If a value existed before, the output's name becomes
   * its alias.
   *
   * @returns undefined if `make` returns nothing.
   */
  replace(
    { name, outputs }: Pick<Node, "name" | "outputs">,
    make: () => readonly Value<D>[] | undefined,
  ): Value<D>[] | undefined {
    const first = this.#nodes.length;
    const outer = this.#made;
    const made = new Set<string>();
    this.#made = made;
    let values: readonly Value<D>[] | undefined;
    try {
      values = make();
    } finally {
      this.#made = outer;
    }
    const given = new Map<string, Value<D>>();
    const placed = values?.map((value, i) => {
      const output = outputs[i];
      if (output === undefined || output === "" || output === value.name) return value;
      const already = given.get(value.name);
      if (already !== undefined || !made.has(value.name) || this.#values.has(output)) {
        this.#aliases.set(output, already ?? value);
        return already ?? value;
      }
      const renamed = this.#rename(value, output, first, i === 0 ? name : undefined);
      given.set(value.name, renamed);
      made.add(output);
      return renamed;
    });
    for (const each of made) outer?.add(each);
    return placed;
  }

  /** Makes every node added from now on read `value` in place of `name`. */
  redirect(name: string, value: Value<D>): void {
    this.#aliases.set(name, value);
  }

  /** Adds a node as it is, names included. Returns its outputs, without the unused ones (""). */
  node(node: Node): Value<D>[] {
    if (!isKnownOp(node.op)) {
      throw new ShapeError(`op ${node.op as string} is not in the catalogue`, `node "${node.name}"`);
    }
    const types = node.inputs.map((name) => (name === "" ? undefined : this.#typeOf(name, node)));
    const inferred = inferOutputs(node, specOf(node.op), types);
    if (this.#nodeNames.has(node.name)) throw new ShapeError(`two nodes are named "${node.name}"`);
    const aliased = node.inputs.some((name) => this.#aliases.has(name));
    const named = aliased
      ? { ...node, inputs: node.inputs.map((name) => this.#aliases.get(name)?.name ?? name) }
      : node;
    this.#enter(named);
    this.#nodes.push(named);
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
        name: this.#freeNodeName(name),
        op: "Identity",
        inputs: [value.name],
        outputs: [name],
        attributes: {},
      });
      named = this.value(name);
    }
    this.#outputs.push(named.name);
  }

  /** The value of that name. @throws RangeError if there is none. */
  value(name: string): Value<D> {
    const value = this.#aliases.get(name) ?? this.#values.get(name);
    if (value === undefined) throw new Error(`graph "${this.name}" has no value "${name}"`);
    return value;
  }

  /** Whether there is a value of that name. */
  has(name: string): boolean {
    return this.#values.has(name) || this.#aliases.has(name);
  }

  /** The constant behind a value, if it is one. */
  constantOf(value: Value<D>): Tensor | undefined {
    return this.#initializers.get(value.name);
  }

  /** The node that computes a value; undefined for inputs and constants. */
  producer(value: Value<D>): Node | undefined {
    return this.#producers.get(value.name);
  }

  /** Names of the values fed at run time. */
  get inputs(): readonly string[] {
    return this.#inputs;
  }

  /** The nodes so far, in order. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** The graph as it is now. The builder can still grow afterwards. */
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

  /** Declares a value that is not computed by a node. */
  protected declare(name: string, dtype: DType, shape: readonly D[]): Value<D> {
    return this.#declare(name, dtype, shape);
  }

  /** The elements of a shape with open dimensions that nodes compute from the shapes of other values. */
  protected openShapeOf(value: Value<D>, depth = 0): ShapeValue | undefined {
    return this.#computedShapes.of(value, depth, (from, further) => this.openShapeOf(from, further));
  }

  /** Called for each value that is renamed. */
  protected renamed(_from: string, _to: string): void {}

  #enter(node: Node): void {
    this.#nodeNames.add(node.name);
    for (const output of node.outputs) if (output !== "") this.#producers.set(output, node);
  }

  #typeOf(name: string, node: Node): InputType {
    if (!this.has(name)) {
      throw new ShapeError(`input "${name}" is not defined before it`, `node "${node.name}" (${node.op})`);
    }
    const value = this.value(name);
    const constant = (): Tensor | undefined => this.constantOf(value);
    const open = (): readonly Dim[] | undefined => this.openShapeOf(value)?.dims;
    return {
      dtype: value.dtype,
      shape: value.shape,
      // Computed on demand: few rules need it, and it can be expensive.
      get constant() {
        return constant();
      },
      get dims() {
        return open();
      },
    };
  }

  #declare(name: string, dtype: DType, shape: readonly D[]): Value<D> {
    if (this.#values.has(name)) throw new ShapeError("is defined twice", `value "${name}"`);
    const value = Object.freeze({ name, dtype, shape: Object.freeze([...shape]) });
    this.#values.set(name, value);
    this.#aliases.delete(name);
    this.#made?.add(name);
    return value;
  }

  /** Renames `value`, which only nodes from `first` on can read. Its node is renamed too if that name is free. */
  #rename(value: Value<D>, name: string, first: number, nodeName: string | undefined): Value<D> {
    const renamed = (list: readonly string[]): readonly string[] =>
      list.includes(value.name) ? list.map((each) => (each === value.name ? name : each)) : list;
    for (let i = first; i < this.#nodes.length; i++) {
      const old = this.#nodes[i]!;
      const makes = old.outputs.includes(value.name);
      const [inputs, outputs] = [renamed(old.inputs), renamed(old.outputs)];
      if (inputs === old.inputs && outputs === old.outputs) continue;
      const free = makes && nodeName !== undefined && !this.#nodeNames.has(nodeName);
      const node = { ...old, name: free ? nodeName : old.name, inputs, outputs };
      this.#nodeNames.delete(old.name);
      this.#nodes[i] = node;
      this.#enter(node);
    }
    this.#producers.delete(value.name);
    this.#values.delete(value.name);
    this.#computedShapes.forget(value.name);
    this.renamed(value.name, name);
    const data = this.#initializers.get(value.name);
    if (data !== undefined) {
      this.#initializers.delete(value.name);
      this.#initializers.set(name, data);
      const key = keyOf(data);
      if (key !== undefined && this.#constants.get(key) === value) this.#constants.delete(key);
    }
    return this.#declare(name, value.dtype, value.shape);
  }
}

/** A key by which equal constants are found; undefined for constants too large to compare. */
function keyOf({ data, dtype, shape }: Tensor): string | undefined {
  return data.length <= 64 ? `${dtype}[${shape.join()}]${data.join()}` : undefined;
}
