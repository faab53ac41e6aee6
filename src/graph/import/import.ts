import { InputError } from "../../errors/index.js";
import type { Model, ModelNode } from "../../onnx/index.js";
import type { Tensor } from "../../tensor/index.js";
import { freeName, GraphBuilder } from "../builder.js";
import { isKnownOp, OP_CATALOGUE } from "../catalogue/index.js";
import type { Dim, Graph, Node } from "../graph.js";
import { ShapeError } from "../infer.js";
import { foldArithmetic } from "./fold-arithmetic.js";
import { checkAttributes, plainAttributes } from "./attributes.js";
import { constantTensor, RAISES, Unsupported, type RaiseContext, type RawNode } from "./raise.js";
import { evaluateConstantOp, isConstantOp } from "./constant-ops.js";
import { sizeLimits, type CheckSize } from "./limits.js";
import {
  evaluateShape,
  reshapeTarget,
  shapeValueOf,
  tensorOfShapeValue,
  type ShapeValue,
} from "./shape-values.js";
import { inOrder } from "./order.js";

export interface ImportOptions {
  /** What messages call the model: its path. */
  readonly place: string;
  /** Another name or a number for a symbolic dimension of the inputs. */
  readonly dims?: Readonly<Record<string, Dim>>;
}

/** Older opsets broadcast by attributes, which no classifier exporter has written since 2018. */
const OLDEST_OPSET = 7;
/** The newest whose ops mean what the catalogue says. */
const NEWEST_OPSET = 25;

/**
 * Turns a model into a typed graph of the internal opset: raises older ops, evaluates the
 * arithmetic on shapes, drops what inference does not need.
 *
 * @throws InputError listing every node that is not supported.
 */
export function graphFromModel(model: Model, options: ImportOptions): Graph<Dim> {
  const opset = opsetOf(model, options.place);
  const state = start(model, options, opset);
  const problems: string[] = [];
  for (const node of inOrder(model.graph, options.place)) {
    const problem = attempt(() => importNode(node, state));
    if (problem !== undefined) problems.push(`${nameOf(node)} (${qualified(node)}): ${problem}`);
    // What hangs on a node that failed cannot be judged: its outputs are unknown, not wrong.
    if (problem !== undefined) for (const output of node.outputs) state.failed.add(output);
  }
  if (problems.length > 0) throw unsupported(options.place, problems);
  for (const { name } of model.graph.outputs) {
    if (!state.g.has(name)) {
      throw new InputError({
        place: options.place,
        problem: `its output "${name}" is made by no node`,
        remedy: "Export the model again.",
      });
    }
    state.g.output(state.g.value(name));
  }
  return state.g.build();
}

interface State {
  readonly g: GraphBuilder<Dim>;
  readonly opset: number;
  readonly shapes: Map<string, ShapeValue>;
  readonly failed: Set<string>;
  readonly nodeNames: Set<string>;
  readonly suffixes: Map<string, number>;
  readonly checkSize: CheckSize;
  /** Names of the constants that arithmetic on sizes has made. */
  readonly arithmetic: Set<string>;
  fresh: number;
}

function opsetOf({ opsets }: Model, place: string): number {
  const opset = opsets.get("") ?? 0;
  if (opset >= OLDEST_OPSET && opset <= NEWEST_OPSET) return opset;
  throw new InputError({
    place,
    problem: `is of opset ${opset}; ${OLDEST_OPSET} to ${NEWEST_OPSET} are read`,
    remedy: "Export the model with an opset between these, such as 17.",
  });
}

function start(model: Model, { place, dims = {} }: ImportOptions, opset: number): State {
  const g = new GraphBuilder<Dim>(model.graph.name || "model");
  for (const { name, dtype, shape } of model.graph.inputs) {
    if (shape === undefined) {
      throw new InputError({
        place: `${place}: input "${name}"`,
        problem: "has no shape",
        remedy: "Export the model with a shape for its inputs.",
      });
    }
    const named = shape.map((dim, axis) => (dim === "" ? `${name}_dim_${axis}` : dim));
    const renamed = named.map((dim) => (Object.hasOwn(dims, dim) ? dims[dim]! : dim));
    declare(place, () => g.input(name, dtype, renamed));
  }
  const state: State = {
    g,
    opset,
    shapes: new Map(),
    failed: new Set(),
    nodeNames: new Set(),
    suffixes: new Map(),
    checkSize: sizeLimits(
      model.graph.inputs.map(({ name }) => g.value(name)),
      model.graph.initializers.values(),
    ),
    arithmetic: new Set(),
    fresh: 0,
  };
  for (const [name, data] of model.graph.initializers) {
    declare(place, () => addConstant(state, name, data));
  }
  return state;
}

function declare(place: string, work: () => void): void {
  const problem = attempt(work);
  if (problem !== undefined) throw new InputError({ place, problem, remedy: "Export the model again." });
}

function addConstant(state: State, name: string, data: Tensor): void {
  state.g.initializer(name, data);
  remember(state, name, data);
}

function remember(state: State, name: string, data: Tensor): void {
  const value = shapeValueOf(data);
  if (value !== undefined) state.shapes.set(name, value);
}

/** What is wrong with the work, if anything; other errors pass. */
function attempt(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Unsupported) return error.message;
    // Its place is mostly the node, whose name the list has already.
    if (error instanceof ShapeError) {
      return error.place.startsWith("value ") ? `${error.place} ${error.problem}` : error.problem;
    }
    throw error;
  }
}

/** Of thousands of nodes of one kind the first say enough. */
const MOST_PROBLEMS = 20;

function unsupported(place: string, problems: readonly string[]): InputError {
  const several = problems.length === 1 ? "a node" : `${problems.length} nodes`;
  const shown = problems.slice(0, MOST_PROBLEMS);
  if (shown.length < problems.length) shown.push(`and ${problems.length - shown.length} more`);
  return new InputError({
    place,
    problem: `has ${several} that cannot be read:\n    ${shown.join("\n    ")}`,
    remedy: remedyFor(problems),
  });
}

/** Operators of quantised networks, in every domain. */
const QUANTISED =
  /\((?:[\w.]+\.)?(?:QLinear\w+|QGemm|(?:Dynamic)?QuantizeLinear|DequantizeLinear|\w+Integer\w*)\)/;

function remedyFor(problems: readonly string[]): string {
  if (problems.some((problem) => QUANTISED.test(problem))) {
    return "The model is quantised, and rounding has no gradient: name the float32 model that it was made from.";
  }
  if (!problems.some((problem) => /(is|are) not known$/.test(problem))) {
    return "Export the model again, in eval mode, or mend what is said of these nodes.";
  }
  const ops = new Set([...Object.keys(OP_CATALOGUE), ...RAISES.keys()]);
  return `Export the model in eval mode, with ops among: ${[...ops].sort().join(", ")}.`;
}

const nameOf = (node: ModelNode): string => `node "${node.name || node.outputs[0] || "?"}"`;
const qualified = (node: ModelNode): string =>
  node.domain === "" ? node.opType : `${node.domain}.${node.opType}`;

function importNode(node: ModelNode, state: State): void {
  if (node.domain !== "") throw new Unsupported(`ops of the domain "${node.domain}" are not known`);
  // Its own problem is named already.
  if (node.inputs.some((name) => state.failed.has(name))) {
    for (const output of node.outputs) state.failed.add(output);
    if (isReadable(node)) return;
  }
  if (!isReadable(node)) throw new Unsupported("this op is not known");
  if (!node.outputs[0]) throw new Unsupported("has no output");
  if (node.opType === "Constant") {
    addConstant(state, node.outputs[0], constantTensor(node));
    return;
  }
  if (node.inputs.length === 0 || node.inputs[0] === "") throw new Unsupported("has no input");
  const raw: RawNode = {
    name: node.name || node.outputs[0],
    op: node.opType,
    inputs: trimmed(node.inputs),
    outputs: trimmed(node.outputs),
    attributes: plainAttributes(node),
  };
  if (isConstantOp(raw.op)) {
    const constant = evaluateConstantOp(raw, contextOf(state).constantOf);
    addConstant(state, node.outputs[0], constant);
    state.arithmetic.add(node.outputs[0]);
    return;
  }
  const raised = RAISES.get(node.opType)?.(raw, contextOf(state)) ?? raw;
  for (const each of Array.isArray(raised) ? (raised as RawNode[]) : [raised as RawNode]) emit(each, state);
}

function isReadable({ opType }: ModelNode): boolean {
  return opType === "Constant" || isConstantOp(opType) || RAISES.has(opType) || isKnownOp(opType);
}

function contextOf(state: State): RaiseContext {
  return {
    opset: state.opset,
    constant(data) {
      const { name } = state.g.constant(data);
      remember(state, name, data);
      return name;
    },
    fresh(stem) {
      let name = stem;
      while (state.g.has(name)) name = `${stem}_${++state.fresh}`;
      return name;
    },
    typeOf: (name) => {
      if (!state.g.has(name)) throw new Unsupported(`its input "${name}" is defined nowhere`);
      return state.g.value(name);
    },
    constantOf: (name) => (state.g.has(name) ? state.g.constantOf(state.g.value(name)) : undefined),
  };
}

function emit(node: RawNode, state: State): void {
  const { g, shapes } = state;
  const typeOf = (name: string): ReturnType<typeof g.value> | undefined =>
    g.has(name) ? g.value(name) : undefined;
  const complete = !isKnownOp(node.op) || node.inputs.length >= OP_CATALOGUE[node.op].inputs[0];
  const known = complete ? evaluateShape(node, (name) => shapes.get(name), typeOf) : undefined;
  if (known !== undefined) {
    const output = node.outputs[0]!;
    shapes.set(output, known);
    const data = tensorOfShapeValue(known);
    if (data !== undefined) g.initializer(output, data);
    return;
  }
  const inputs = node.inputs.map((name, i) => asValue(node, name, i, state));
  checkAttributes(node);
  const name = freeName(node.name, state.nodeNames, state.suffixes);
  state.nodeNames.add(name);
  const named: Node = { ...node, name, inputs };
  const folded = foldArithmetic(named, g, state.arithmetic);
  if (folded === undefined) state.checkSize(inputs, g.node(named));
  else for (const [i, data] of folded.entries()) addConstant(state, node.outputs[i]!, data);
}

/** A symbolic shape can stand only where it says what an op can say by itself: in a Reshape. */
function asValue(node: RawNode, name: string, index: number, { g, shapes }: State): string {
  if (name === "" || g.has(name)) return name;
  const symbolic = shapes.get(name);
  if (symbolic === undefined) throw new Unsupported(`its input "${name}" is defined nowhere`);
  const target =
    node.op === "Reshape" && index === 1 && g.has(node.inputs[0]!)
      ? reshapeTarget(symbolic.dims, g.value(node.inputs[0]!).shape)
      : undefined;
  if (target === undefined) {
    throw new Unsupported(
      `depends on open dimensions ([${symbolic.dims.join(", ")}]) in a way that is not understood`,
    );
  }
  return g.ints(target).name;
}

/** Trailing absent inputs and outputs are left out. */
function trimmed(names: readonly string[]): readonly string[] {
  let length = names.length;
  while (length > 0 && names[length - 1] === "") length--;
  return names.slice(0, length);
}
