import type { Tensor } from "../../tensor/index.js";
import { freeNames, GraphBuilder } from "../builder.js";
import { specOf } from "../catalogue/index.js";
import type { Dim, Graph, Node, Value } from "../graph.js";
import type { ModelGraph } from "../../onnx/index.js";
import { foldArithmetic } from "./fold-arithmetic.js";
import { sizeLimits, type CheckSize } from "./limits.js";
import { Unsupported } from "./raise.js";
import {
  evaluateShape,
  reshapeTarget,
  shapeValueOf,
  tensorOfShapeValue,
  type ShapeValue,
} from "./shape-values.js";

/**
 * Builds the graph of a model. Arithmetic on shapes and sizes never becomes a node: its value is known before running,
 * or is a list of numbers and names of dimensions that only another op's shape reads.
 */
export class ImportBuilder extends GraphBuilder<Dim> {
  /** Shapes with open dimensions: values without a node. */
  readonly #open = new Map<string, ShapeValue>();
  /** Names of the constants that arithmetic on sizes has made. */
  readonly #arithmetic = new Set<string>();
  readonly #usedNames = new Set<string>();
  readonly #freeUsedName: (stem: string) => string = freeNames(this.#usedNames);
  readonly #constants: ReadonlyMap<string, Tensor>;
  #checkSize: CheckSize | undefined;

  constructor({ name, nodes, inputs, initializers }: ModelGraph) {
    super(name || "model", {
      values: new Set([
        ...inputs.map((input) => input.name),
        ...initializers.keys(),
        ...nodes.flatMap(({ outputs }) => outputs),
      ]),
      nodes: new Set(nodes.map((node) => node.name)),
    });
    this.#constants = initializers;
  }

  /** The name of a file's node, made unique: files have several of one name. */
  nodeName(stem: string): string {
    const name = this.#freeUsedName(stem);
    this.#usedNames.add(name);
    return name;
  }

  /** A constant that comes of arithmetic. */
  computed(data: Tensor): Value<Dim> {
    const value = this.constant(data);
    this.#arithmetic.add(value.name);
    return value;
  }

  override node(node: Node): Value<Dim>[] {
    const known = this.#evaluate(node);
    if (known !== undefined) return [known];
    const inputs = node.inputs.map((name, i) => this.#closed(node, name, i));
    const named = { ...node, inputs };
    const folded = foldArithmetic(named, this, this.#arithmetic);
    if (folded !== undefined) return folded.map((data, i) => this.initializer(node.outputs[i]!, data));
    const outputs = super.node(named);
    this.#checkSize ??= sizeLimits(
      this.inputs.map((name) => this.value(name)),
      this.#constants.values(),
    );
    this.#checkSize(inputs, outputs);
    return outputs;
  }

  /** Whether a value is a shape with open dimensions, which no node gives. */
  isOpen(name: string): boolean {
    return this.has(name) && this.#open.has(this.value(name).name);
  }

  override build(): Graph<Dim> {
    const graph = super.build();
    return { ...graph, values: new Map([...graph.values].filter(([name]) => !this.#open.has(name))) };
  }

  protected override renamed(from: string, to: string): void {
    const open = this.#open.get(from);
    if (open !== undefined) this.#open.set(to, open);
    this.#open.delete(from);
    if (this.#arithmetic.delete(from)) this.#arithmetic.add(to);
  }

  #evaluate(node: Node): Value<Dim> | undefined {
    if (node.inputs.length < specOf(node.op).inputs[0]) return undefined;
    const shape = evaluateShape(
      node,
      (name) => this.#shapeOf(name),
      (name) => (this.has(name) ? this.value(name) : undefined),
    );
    if (shape === undefined) return undefined;
    const output = node.outputs[0]!;
    const data = tensorOfShapeValue(shape);
    if (data !== undefined) return this.initializer(output, data);
    this.#open.set(output, shape);
    return this.declare(output, "int64", shape.rank === 0 ? [] : [shape.dims.length]);
  }

  #shapeOf(name: string): ShapeValue | undefined {
    if (!this.has(name)) return undefined;
    const value = this.value(name);
    const data = this.constantOf(value);
    return this.#open.get(value.name) ?? (data && shapeValueOf(data));
  }

  /** A shape with open dimensions can stand only where it says what an op can say by itself: in a Reshape. */
  #closed(node: Node, name: string, index: number): string {
    if (name === "" || !this.isOpen(name)) return name;
    const { dims } = this.#shapeOf(name)!;
    const target =
      node.op === "Reshape" && index === 1
        ? reshapeTarget(dims, this.value(node.inputs[0]!).shape)
        : undefined;
    if (target !== undefined) return this.ints(target).name;
    throw new Unsupported(
      `depends on open dimensions ([${dims.join(", ")}]) in a way that is not understood`,
    );
  }
}
