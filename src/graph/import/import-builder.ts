import { nearestSafeInteger, type DType, type Tensor } from "../../tensor/index.js";
import { GraphBuilder } from "../builder.js";
import { freeNames } from "../names.js";
import { specOf } from "../catalogue/index.js";
import type { Dim, Graph, Node, Value } from "../graph.js";
import type { ModelGraph } from "../../onnx/index.js";
import { floatsOfBytes } from "./floats-of-bytes.js";
import { foldArithmetic } from "./fold-arithmetic.js";
import { sizeLimits, type CheckSize } from "./limits.js";
import {
  evaluateShape,
  reshapeTarget,
  shapeValueOf,
  tensorOfShapeValue,
  type ShapeValue,
} from "../shape-values.js";
import { evaluateOnDemand } from "./on-demand.js";
import { Unsupported } from "./raise.js";
import { writeShape } from "./write-shape.js";

/** Most nodes of a model after recurrent layers are unrolled. ONNX Runtime takes a minute to load that many. */
const MOST_EMITTED = 60_000;

/**
 * Builds the graph of a model. Arithmetic on shapes and sizes does not become nodes. Its values are either known before
 * running, or lists of numbers and names of dimensions that only other shapes depend on.
 */
export class ImportBuilder extends GraphBuilder<Dim> {
  /** Shapes with open dimensions. These values have no node. */
  readonly #open = new Map<string, ShapeValue>();
  /** Names of constants computed by arithmetic on sizes. */
  readonly #arithmetic = new Set<string>();
  /** Values that depend on an input of the graph. */
  readonly #varying = new Set<string>();
  readonly #usedNames = new Set<string>();
  readonly #freeUsedName: (stem: string) => string = freeNames(this.#usedNames);
  readonly #constants: ReadonlyMap<string, Tensor>;
  #checkSize: CheckSize | undefined;
  /** Outputs, computed on demand, of nodes that depend only on constants. */
  readonly #evaluated = new Map<string, Tensor>();
  /** The names among these that shapes depend on. */
  readonly #demanded = new Set<string>();
  /** By shape with open dimensions: the value that nodes compute for it. */
  readonly #writtenOpen = new Map<string, string>();
  #isWriting = false;

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

  /** Makes the name of a file's node unique, because files may use a name several times. */
  nodeName(stem: string): string {
    const name = this.#freeUsedName(stem);
    this.#usedNames.add(name);
    return name;
  }

  /** Adds a constant computed by arithmetic on sizes. */
  computed(data: Tensor): Value<Dim> {
    const value = this.constant(data);
    this.#arithmetic.add(value.name);
    return value;
  }

  override input(name: string, dtype: DType, shape: readonly Dim[]): Value<Dim> {
    this.#varying.add(name);
    return super.input(name, dtype, shape);
  }

  override node(node: Node): Value<Dim>[] {
    if (this.#isWriting) return this.#emit(node);
    const known = this.#evaluate(node);
    if (known !== undefined) return [known];
    const named = this.#closed(floatsOfBytes(node, this));
    const folded = foldArithmetic(named, this, this.#arithmetic);
    if (folded !== undefined) return folded.map((data, i) => this.initializer(node.outputs[i]!, data));
    const outputs = this.#emit(named);
    this.#checkSize ??= sizeLimits(
      this.inputs.map((name) => this.value(name)),
      this.#constants.values(),
    );
    this.#checkSize(
      outputs.some(({ name }) => this.#varying.has(name)),
      outputs,
    );
    return outputs;
  }

  /** The constant behind a value: a stored one, or the result of its node if that depends only on constants. */
  override constantOf(value: Value<Dim>): Tensor | undefined {
    const known = this.storedConstant(value) ?? this.#evaluated.get(value.name);
    if (known !== undefined) return known;
    const found = evaluateOnDemand(value, this, this.#evaluated);
    if (found !== undefined) this.#demanded.add(value.name);
    return found;
  }

  /** Whether a value depends only on constants. */
  isConstant({ name }: Value<Dim>): boolean {
    return !this.#varying.has(name) && !this.#open.has(name);
  }

  /** A constant of the graph, without evaluating anything. */
  storedConstant(value: Value<Dim>): Tensor | undefined {
    return super.constantOf(value);
  }

  /** The elements of a list that is known before running, except for open dimensions. */
  elementsOf(value: Value<Dim>): readonly Dim[] | undefined {
    const open = this.openShapeOf(value);
    const data = open === undefined ? this.constantOf(value) : undefined;
    return (
      open?.dims ??
      (data &&
        Array.from(data.data as ArrayLike<number | bigint>, (each) =>
          typeof each === "bigint" ? nearestSafeInteger(each) : each,
        ))
    );
  }

  /** Whether a value is a shape with open dimensions, which no node computes. */
  isOpen(name: string): boolean {
    return this.has(name) && this.#open.has(this.value(name).name);
  }

  /** Replaces nodes by the constants that shapes were inferred from. */
  override build(): Graph<Dim> {
    const graph = super.build();
    const initializers = new Map(graph.initializers);
    for (const name of this.#demanded) initializers.set(name, this.#evaluated.get(name)!);
    return {
      ...graph,
      initializers,
      nodes: graph.nodes.flatMap((node) => {
        const outputs = node.outputs.map((name) => (this.#demanded.has(name) ? "" : name));
        return outputs.every((name) => name === "") ? [] : [{ ...node, outputs }];
      }),
      values: new Map([...graph.values].filter(([name]) => !this.#open.has(name))),
    };
  }

  protected override renamed(from: string, to: string): void {
    const open = this.#open.get(from);
    if (open !== undefined) this.#open.set(to, open);
    this.#open.delete(from);
    const data = this.#evaluated.get(from);
    if (data !== undefined) this.#evaluated.set(to, data);
    this.#evaluated.delete(from);
    if (this.#varying.delete(from)) this.#varying.add(to);
    if (this.#arithmetic.delete(from)) this.#arithmetic.add(to);
    if (this.#demanded.delete(from)) this.#demanded.add(to);
  }

  protected override openShapeOf(value: Value<Dim>, depth?: number): ShapeValue | undefined {
    return this.#open.get(value.name) ?? super.openShapeOf(value, depth);
  }

  #emit(node: Node): Value<Dim>[] {
    if (this.nodes.length >= MOST_EMITTED) {
      throw new Unsupported(`expands to so many nodes that the model has more than ${MOST_EMITTED}`);
    }
    const outputs = super.node(node);
    if (this.inputsOf(node).some((input) => input !== undefined && this.#varying.has(input.name))) {
      for (const { name } of outputs) this.#varying.add(name);
    }
    return outputs;
  }

  #evaluate(node: Node): Value<Dim> | undefined {
    if (node.inputs.length < specOf(node.op).inputs[0]) return undefined;
    const shape = evaluateShape(
      node,
      (name) => this.#shapeOf(name),
      (name) => (this.has(name) ? this.value(name).shape : undefined),
    );
    if (shape === undefined) return undefined;
    const output = node.outputs[0]!;
    const data = tensorOfShapeValue(shape);
    if (data !== undefined) return this.initializer(output, data);
    this.#open.set(output, shape);
    return this.declare(output, shape.dtype, shape.rank === 0 ? [] : [shape.dims.length]);
  }

  #shapeOf(name: string): ShapeValue | undefined {
    if (!this.has(name)) return undefined;
    const value = this.value(name);
    const data = this.storedConstant(value);
    return this.#open.get(value.name) ?? (data && shapeValueOf(data));
  }

  /** Rewrites a node that reads shapes with open dimensions, so that it reads values of the graph. */
  #closed(node: Node): Node {
    if (!node.inputs.some((name) => name !== "" && this.isOpen(name))) return node;
    const [first, second] = node.inputs;
    if (node.op === "Reshape" && this.isOpen(second!) && !this.isOpen(first!)) {
      const { dims } = this.#shapeOf(second!)!;
      const target = reshapeTarget(dims, this.value(first!).shape);
      // With allowzero, a 0 means an axis without elements, not the input's axis.
      const isPlain = node.attributes["allowzero"] !== 1 || !dims.includes(0);
      if (target !== undefined && isPlain) {
        const { allowzero: _, ...attributes } = node.attributes;
        return { ...node, inputs: [first!, this.ints(target).name], attributes };
      }
    }
    return { ...node, inputs: node.inputs.map((name) => (name === "" ? name : this.#written(name))) };
  }

  /** Emits nodes that compute a shape with open dimensions from the shapes of the graph's inputs. */
  #written(name: string): string {
    if (!this.isOpen(name)) return name;
    const open = this.value(name).name;
    const known = this.#writtenOpen.get(open);
    if (known !== undefined) return known;
    this.#isWriting = true;
    try {
      const { name: made } = writeShape(this, this.#open.get(open)!);
      this.#writtenOpen.set(open, made);
      return made;
    } finally {
      this.#isWriting = false;
    }
  }
}
