import {
  freeNames,
  isStandardOp,
  modelFromGraph,
  producers,
  type Graph,
  type Node,
} from "../../../graph/index.js";
import type { Attribute, Model, ModelNode } from "../../../onnx/index.js";
import { sameShape, tensor, type Tensor } from "../../../tensor/index.js";
import { BLOCKED_DOMAIN } from "../convolution/block-size.js";
import { blockedMaps } from "./filters.js";

/** ONNX Runtime's own domain for operators that it fuses others to. */
const OWN_DOMAIN = "com.microsoft";

type Shape = readonly number[];

/** Attributes as they are written: whole numbers are ints, floats say that they are. */
type Written = Readonly<Record<string, number | readonly number[] | string | Attribute>>;

/** What the forms of a graph depend on besides it. */
export interface Context {
  /** Channels of a block. */
  readonly block: number;
  /** Whether a value is the same from run to run: constant, or made of steady inputs alone. */
  isSteady(value: string): boolean;
  /** Whether weights that change from run to run are put in order as well, in each. */
  readonly takesAnyWeight?: boolean;
  /** Whether nothing is in blocks but depthwise convolutions whose weights change, each by itself. */
  readonly onlyDepthwise?: boolean;
}

/** Writes a model whose values are in blocks, plain, or both: what one form lacks is reordered, once. */
export interface Emitter extends Context {
  readonly graph: Graph;
  /** Whether a value of the graph is in blocks already. */
  isBlocked(value: string): boolean;
  /** Whether a value has been written in any form, or is fed or constant. */
  isMade(value: string): boolean;
  /** What a value of the graph is called in blocks; only for maps of float32. */
  blocked(value: string): string;
  /** Says that `name` is the value in blocks. */
  give(value: string, name: string): void;
  /** What a value of the graph is called where it is not in blocks; written with the value's own name. */
  plain(value: string): string;
  /** The node that gives a value. */
  producer(value: string): Node | undefined;
  /** Nodes that read a value; undefined for its being an output of the graph. */
  readers(value: string): readonly (Node | undefined)[];
  /** The node that reads a value, where it is the only one and the value is no output of the graph. */
  onlyReader(value: string): Node | undefined;
  /** Says that a node is written as part of another. */
  takeIn(node: Node): void;
  isTakenIn(node: Node): boolean;
  /** A node as it stands, on plain values. */
  keep(node: Node): void;
  /** A node of the graph on other values; what it gives. */
  again(node: Node, inputs: readonly string[]): string;
  /** An operator of ONNX's; what it gives, which is the plain value `output` where one is named. */
  op(type: string, inputs: readonly string[], attributes?: Written, output?: string): string;
  /** An operator of ONNX Runtime's own; what it gives, which is the plain value `output` where one is named. */
  ownOp(type: string, inputs: readonly string[], attributes?: Written, output?: string): string;
  /** An operator of the blocked layout; what it gives. */
  blockedOp(type: string, inputs: readonly string[], attributes?: Written): string;
  constant(data: Tensor): string;
  /** What `make` writes, once for each key. */
  shared(key: string, make: () => string): string;
  /** A constant made by `make`, once for each key. */
  constantOf(key: string, make: () => Tensor): string;
  ints(values: Shape): string;
  scalar(value: number): string;
  reshape(value: string, shape: Shape): string;
  /** Channels in whole blocks. */
  padded(channels: number): number;
  /** Shape of maps in blocks: `[N, channels in whole blocks, H, W]`. */
  blockedShape(value: string): readonly [number, number, number, number];
  shape(value: string): Shape;
  model(): Model;
}

export const floats = (value: readonly number[]): Attribute => ({ kind: "floats", value });

/** Maps that the layout can hold: `[N, C, H, W]` of float32. */
export function isMaps({ values }: Graph, name: string | undefined): boolean {
  const value = name === undefined ? undefined : values.get(name);
  return value?.dtype === "float32" && value.shape.length === 4;
}

/** Whether a value is maps of the shape of y. */
export const isFull = (e: Emitter, name: string, y: string): boolean =>
  isMaps(e.graph, name) && sameShape(e.shape(name), e.shape(y));

/** `[1, …, C, 1, 1]` of a value that broadcasts; undefined where its rank is too high. */
export function ranked(e: Emitter, name: string): [number, number, number, number] | undefined {
  const shape = e.shape(name);
  return shape.length > 4
    ? undefined
    : ([...Array<number>(4 - shape.length).fill(1), ...shape] as [number, number, number, number]);
}

/** Whole numbers of a constant; none where it is not one. */
export function intsOf({ graph }: Pick<Emitter, "graph">, name: string | undefined): number[] {
  const data = graph.initializers.get(name ?? "")?.data;
  return data instanceof BigInt64Array ? Array.from(data, Number) : [];
}

export function createEmitter(graph: Graph, context: Context): Emitter {
  const { block } = context;
  const exported = modelFromGraph({ ...graph, nodes: graph.nodes.filter(({ op }) => isStandardOp(op)) });
  const written = new Map(exported.graph.nodes.map((node) => [node.name, node]));
  const freeName = freeNames(graph.values);
  const nodes: ModelNode[] = [];
  const constants = new Map<string, Tensor>();
  const named = new Map<string, string>();
  const inBlocks = new Map<string, string>();
  const plainly = new Set([...graph.inputs, ...graph.initializers.keys()]);
  const made = producers(graph);
  const readersByValue = readersOf(graph);
  const readers = (value: string): readonly (Node | undefined)[] => readersByValue.get(value) ?? [];
  const takenIn = new Set<Node>();

  const shape = (value: string): Shape => graph.values.get(value)!.shape;
  const padded = (channels: number): number => Math.ceil(channels / block) * block;
  const blockedShape = (value: string): [number, number, number, number] => {
    const [batch, channels, height, width] = shape(value) as [number, number, number, number];
    return [batch, padded(channels), height, width];
  };
  /** Whether blocks and plain channels are the same bytes. */
  const isSame = (value: string): boolean => {
    const [, channels, height, width] = shape(value) as [number, number, number, number];
    return height * width === 1 && channels % block === 0;
  };
  const add = (
    type: string,
    domain: string,
    inputs: readonly string[],
    attributes: Written,
    output = freeName(type.toLowerCase()),
  ): string => {
    const entries = Object.entries(attributes).map(([name, value]) => [name, attributeOf(value)] as const);
    nodes.push({
      name: output,
      opType: type,
      domain,
      inputs,
      outputs: [output],
      attributes: new Map(entries),
    });
    return output;
  };
  const constant = (data: Tensor): string => {
    const name = freeName("layout-constant");
    constants.set(name, data);
    return name;
  };
  const shared = (key: string, make: () => string): string => {
    const found = named.get(key) ?? make();
    named.set(key, found);
    return found;
  };
  const constantOf = (key: string, make: () => Tensor): string => shared(key, () => constant(make()));
  const ints = (values: Shape): string =>
    constantOf(`ints ${values.join()}`, () =>
      tensor("int64", [values.length], BigInt64Array.from(values, BigInt)),
    );
  const scalar = (value: number): string =>
    constantOf(`scalar ${value}`, () => tensor("float32", [], Float32Array.of(value)));
  const reshape = (value: string, to: Shape): string => add("Reshape", "", [value, ints(to)], {});

  function plain(value: string): string {
    const blocked = inBlocks.get(value);
    if (value === "" || blocked === undefined || plainly.has(value)) return value;
    plainly.add(value);
    return isSame(value)
      ? add("Identity", "", [blocked], {}, value)
      : add("ReorderOutput", BLOCKED_DOMAIN, [blocked], { channels: shape(value)[1]! }, value);
  }

  function blocked(value: string): string {
    const found = inBlocks.get(value) ?? reordered(value);
    inBlocks.set(value, found);
    return found;
  }

  function reordered(value: string): string {
    const data = graph.initializers.get(value);
    if (data !== undefined) return constant(blockedMaps(data as Tensor<"float32">, block));
    if (isSame(value)) return value;
    const [, channels] = shape(value) as [number, number];
    // ReorderInput takes channels by fours.
    const missing = channels % 4 === 0 ? 0 : padded(channels) - channels;
    const whole = missing === 0 ? value : add("Pad", "", [value, ints([0, 0, 0, 0, 0, missing, 0, 0])], {});
    return add("ReorderInput", BLOCKED_DOMAIN, [whole], {});
  }

  function again(node: Node, inputs: readonly string[], outputs?: readonly string[]): string {
    const given = outputs ?? [freeName(`${node.outputs[0]!}/blocked`)];
    nodes.push({ ...written.get(node.name)!, name: given[0]!, inputs, outputs: given });
    return given[0]!;
  }

  return {
    ...context,
    graph,
    shape,
    padded,
    blockedShape,
    isBlocked: (value) => inBlocks.has(value),
    isMade: (value) => inBlocks.has(value) || plainly.has(value),
    blocked,
    plain,
    give: (value, name) => inBlocks.set(value, name),
    producer: (value) => made.get(value),
    readers,
    onlyReader: (value) => (readers(value).length === 1 ? readers(value)[0] : undefined),
    takeIn: (node) => takenIn.add(node),
    isTakenIn: (node) => takenIn.has(node),
    keep(node) {
      again(node, node.inputs.map(plain), node.outputs);
      node.outputs.forEach((output) => plainly.add(output));
    },
    again: (node, inputs) => again(node, inputs),
    op(type, inputs, attributes = {}, output) {
      if (output !== undefined) plainly.add(output);
      return add(type, "", inputs, attributes, output);
    },
    ownOp(type, inputs, attributes = {}, output) {
      if (output !== undefined) plainly.add(output);
      return add(type, OWN_DOMAIN, inputs, attributes, output);
    },
    blockedOp: (type, inputs, attributes = {}) => add(type, BLOCKED_DOMAIN, inputs, attributes),
    constant,
    shared,
    constantOf,
    ints,
    scalar,
    reshape,
    model() {
      graph.outputs.forEach(plain);
      const read = new Set(graph.outputs);
      const needed: ModelNode[] = [];
      for (const node of [...nodes].reverse()) {
        if (!node.outputs.some((name) => read.has(name))) continue;
        needed.push(node);
        node.inputs.forEach((name) => read.add(name));
      }
      const initializers = [...graph.initializers, ...constants].filter(([name]) => read.has(name));
      return {
        ...exported,
        opsets: new Map([...exported.opsets, [OWN_DOMAIN, 1], [BLOCKED_DOMAIN, 1]]),
        graph: { ...exported.graph, nodes: needed.reverse(), initializers: new Map(initializers) },
      };
    },
  };
}

/** Nodes that read each value; of an output of the graph, undefined as well. */
function readersOf({ nodes, outputs }: Graph): ReadonlyMap<string, readonly (Node | undefined)[]> {
  const readers = new Map<string, (Node | undefined)[]>(outputs.map((name) => [name, [undefined]]));
  for (const node of nodes) {
    for (const name of node.inputs) {
      const known = readers.get(name);
      if (known === undefined) readers.set(name, [node]);
      else known.push(node);
    }
  }
  return readers;
}

function attributeOf(value: Written[string]): Attribute {
  if (typeof value === "number") return { kind: "int", value };
  if (typeof value === "string") return { kind: "string", value };
  return "kind" in value ? value : { kind: "ints", value };
}
