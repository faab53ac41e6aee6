import type { Tensor } from "../tensor/index.js";
import type { Dim, Node, Value } from "./graph.js";
import { evaluateShape, isOpenValue, shapeValueOf, type ShapeValue } from "./shape-values.js";

/** Most nodes in a chain that computes a shape. */
const DEEPEST = 100;

/** What is read of the graph that is being built. */
interface Source<D extends Dim> {
  value(name: string): Value<D>;
  constantOf(value: Value<D>): Tensor | undefined;
  producer(value: Value<D>): Node | undefined;
}

/** Shapes with open dimensions that nodes compute from the shapes of other values. Each is worked out once. */
export class ComputedShapes<D extends Dim> {
  readonly #known = new Map<string, ShapeValue | undefined>();

  constructor(readonly source: Source<D>) {}

  /**
   * The elements of a shape; undefined if no open dimension is among them.
   *
   * @param depth nodes between the value that was asked for and this one.
   * @param next answers for the values that its node reads.
   */
  of(
    value: Value<D>,
    depth: number,
    next: (value: Value<D>, depth: number) => ShapeValue | undefined,
  ): ShapeValue | undefined {
    const { source } = this;
    if (this.#known.has(value.name)) return this.#known.get(value.name);
    const node = source.producer(value);
    if (node === undefined || value.shape.length > 1 || depth > DEEPEST) return undefined;
    const known = (input: string): ShapeValue | undefined => {
      const from = source.value(input);
      const data = source.constantOf(from);
      return data === undefined ? next(from, depth + 1) : shapeValueOf(data);
    };
    const shape = evaluateShape(node, known, (input) => source.value(input).shape);
    const open = shape !== undefined && isOpenValue(shape) ? shape : undefined;
    this.#known.set(value.name, open);
    return open;
  }

  /** Forgets a value that got another name. */
  forget(name: string): void {
    this.#known.delete(name);
  }
}
