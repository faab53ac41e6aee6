import { InputError } from "../../errors/index.js";
import type { Model, ModelNode } from "../../onnx/index.js";
import { float32, int64, tensor, type Tensor } from "../../tensor/index.js";
import { readAttributes } from "../attributes.js";
import { isStandardOp, type OpType } from "../catalogue/index.js";
import type { Dim, Graph } from "../graph.js";
import { dimensionName } from "../dims.js";
import { ShapeError } from "../infer.js";
import { trimmed } from "../names.js";
import { ownAttributes, plainAttributes } from "./attributes.js";
import { COMPOSITES } from "./composites/index.js";
import { ImportBuilder } from "./import-builder.js";
import { FIRST_OPSETS, withoutLegacy } from "./first-opsets.js";
import { OLDER_OPSETS } from "./older-opsets.js";
import { controlFlow, isControlFlow, type Run } from "./control-flow.js";
import { MOST_NODES, withoutFunctions, type ScopedNode } from "./functions.js";
import { behindOutputs, inOrder } from "./order.js";
import { Unsupported, type Raise, type RaiseContext, type RawNode } from "./raise.js";
import { drawsNumbers, UnreadableModelError, type UnreadableNode } from "./unreadable.js";

const RAISES: Readonly<Record<string, Raise>> = { ...FIRST_OPSETS, ...OLDER_OPSETS, ...COMPOSITES };

/** Options of {@link graphFromModel}. */
export interface ImportOptions {
  /** The model's path, for messages. */
  readonly place: string;
  /** Numbers or other names for symbolic dimensions of the inputs. */
  readonly dims?: Readonly<Record<string, Dim>>;
}

const OLDEST_OPSET = 1;
/** The newest opset whose ops mean what the catalogue says. */
const NEWEST_OPSET = 25;

/**
 * Converts a model to a typed graph of the internal opset: converts older ops, evaluates arithmetic on shapes, and
 * drops what inference does not need.
 *
 * @throws InputError listing every unsupported node.
 * @example
 * ```ts
 * import { graphFromModel, printGraph, readModelFile } from "holdfast/graph";
 *
 * const place = "my-model.onnx";
 * console.log(printGraph(graphFromModel(await readModelFile(place), { place })));
 * ```
 */
export function graphFromModel(model: Model, options: ImportOptions): Graph<Dim> {
  const opset = opsetOf(model, options.place);
  const state = start(model, options, opset);
  const problems: UnreadableNode[] = [];
  const ordered = inOrder(expanded(model, options.place), options.place);
  const outputs = model.graph.outputs.map(({ name }) => name);
  importNodes(behindOutputs(ordered, outputs), state, problems);
  if (problems.length > 0) throw unsupported(options.place, problems);
  for (const { name } of model.graph.outputs) {
    if (!state.g.has(name) || state.g.isOpen(name)) {
      throw new InputError({
        place: options.place,
        problem: `no node computes its output "${name}"`,
        remedy: "Export the model again.",
      });
    }
    state.g.output(state.g.value(name), name);
  }
  return state.g.build();
}

function expanded(model: Model, place: string): readonly ScopedNode[] {
  let nodes: readonly ScopedNode[] = [];
  declare(place, () => (nodes = withoutFunctions(model)));
  return nodes;
}

/** Adds nodes in order, and collects a problem for each that cannot be added. */
function importNodes(nodes: readonly ScopedNode[], state: State, problems: UnreadableNode[]): void {
  for (const { node, opset } of nodes) {
    const problem = attempt(() => importNode(withoutLegacy(node, opset), { ...state, opset }, problems));
    if (problem !== undefined) problems.push({ node: nameOf(node), op: qualified(node), problem });
    // Nodes that depend on a failed node cannot be judged: its outputs are unknown, not wrong.
    if (problem !== undefined) for (const output of node.outputs) state.failed.add(output);
  }
}

interface State {
  readonly g: ImportBuilder;
  readonly opset: number;
  readonly failed: Set<string>;
}

function opsetOf({ opsets, irVersion }: Model, place: string): number {
  // Files before opsets were numbered name none.
  const opset = opsets.get("") ?? (irVersion < 3 ? 1 : 0);
  if (opset >= OLDEST_OPSET && opset <= NEWEST_OPSET) return opset;
  throw new InputError({
    place,
    problem: `has opset ${opset}; holdfast reads ${OLDEST_OPSET} to ${NEWEST_OPSET}`,
    remedy: "Export the model with an opset in this range, such as 17.",
  });
}

function start(model: Model, { place, dims = {} }: ImportOptions, opset: number): State {
  const g = new ImportBuilder(model.graph);
  for (const { name, dtype, shape } of model.graph.inputs) {
    if (shape === undefined) {
      throw new InputError({
        place: `${place}: input "${name}"`,
        problem: "has no shape",
        remedy: "Export the model with a shape for its inputs.",
      });
    }
    const named = shape.map((dim, axis) => (typeof dim === "string" ? dimensionName(name, axis, dim) : dim));
    const renamed = named.map((dim) => (Object.hasOwn(dims, dim) ? dims[dim]! : dim));
    declare(place, () => g.input(name, dtype, renamed));
  }
  for (const [name, data] of model.graph.initializers) declare(place, () => g.initializer(name, data));
  return { g, opset, failed: new Set() };
}

function declare(place: string, work: () => unknown): void {
  const problem = attempt(work);
  if (problem !== undefined) throw new InputError({ place, problem, remedy: "Export the model again." });
}

/** Runs the work and returns the problem that it reports, if any. Other errors are thrown on. */
function attempt(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Unsupported) return error.message;
    // Conversions of ops assume that all inputs are present, but a file may leave any of them out.
    if (error instanceof TypeError && /undefined/.test(error.message)) return "one of its inputs is missing";
    // Its place is usually the node, which the list names already.
    if (error instanceof ShapeError) {
      return error.place.startsWith("value ") ? `${error.place} ${error.problem}` : error.problem;
    }
    throw error;
  }
}

/** Most problems to list. Of thousands of similar nodes, the first few say enough. */
const MOST_PROBLEMS = 20;

function unsupported(place: string, nodes: readonly UnreadableNode[]): InputError {
  // Whatever else cannot be read, this must go first.
  const random = nodes.find(drawsNumbers);
  if (random !== undefined) {
    return new UnreadableModelError(
      {
        place: `${place}: node "${random.node}" (${random.op})`,
        problem: "draws its own random numbers, different at each run",
        remedy: "Export the model in eval mode, which removes this node.",
      },
      nodes,
    );
  }
  const problems = nodes.map(({ node, op, problem }) => `node "${node}" (${op}): ${problem}`);
  const several = problems.length === 1 ? "a node" : `${problems.length} nodes`;
  const shown = problems.slice(0, MOST_PROBLEMS);
  if (shown.length < problems.length) shown.push(`and ${problems.length - shown.length} more`);
  const problem = `has ${several} that cannot be read:\n    ${shown.join("\n    ")}`;
  return new UnreadableModelError({ place, problem, remedy: remedyFor(problems) }, nodes);
}

/** Ops of quantised networks, in every domain. */
const QUANTISED =
  /\((?:[\w.]+\.)?(?:QLinear\w+|QGemm|(?:Dynamic)?QuantizeLinear|DequantizeLinear|\w+Integer\w*)\)/;

function remedyFor(problems: readonly string[]): string {
  if (problems.some((problem) => QUANTISED.test(problem))) {
    return "This kind of quantisation is not supported. Name the float32 model it was made from.";
  }
  if (!problems.some((problem) => /(is|are) not known$/.test(problem))) {
    return "Export the model again in eval mode, or fix these nodes.";
  }
  if (problems.some((problem) => problem.includes("(com.microsoft.nchwc."))) {
    return "This layout is for one kind of processor. Name the model before optimisation, or save it at the level ORT_ENABLE_EXTENDED.";
  }
  return "Export the model in eval mode, with ops that docs/operators.md lists.";
}

const nameOf = (node: ModelNode): string => node.name || node.outputs[0] || "?";
const qualified = (node: ModelNode): string =>
  node.domain === "" ? node.opType : `${node.domain}.${node.opType}`;

function importNode(node: ModelNode, state: State, problems: UnreadableNode[]): void {
  const { g, opset, failed } = state;
  // The node that failed is in the list already.
  if (node.inputs.some((name) => failed.has(name))) {
    for (const output of node.outputs) failed.add(output);
    if (isReadable(node)) return;
  }
  if (!isReadable(node)) {
    throw new Unsupported(
      node.domain === "" ? "this op is not known" : `this op of the domain "${node.domain}" is not known`,
    );
  }
  const output = node.outputs.find((name) => name !== "");
  if (output === undefined) throw new Unsupported("has no output");
  if (node.opType === "Constant") {
    g.initializer(output, constantTensor(node));
    return;
  }
  if (isControlFlow(node)) {
    importControlFlow(node, state, problems);
    return;
  }
  if (node.inputs.length === 0 || node.inputs[0] === "") throw new Unsupported("has no input");
  const raised = raiseOf(node);
  const raw: RawNode = {
    name: node.name || output,
    op: node.opType,
    inputs: trimmed(node.inputs),
    outputs: outputsOf(node, output),
    attributes: plainAttributes(node, raised),
  };
  const missing = raw.inputs.find((name) => name !== "" && !g.has(name));
  if (missing !== undefined) throw new Unsupported(`its input "${missing}" is not defined`);
  const name = g.nodeName(raw.name);
  const outputs = g.replace({ ...raw, name }, () => raised?.emit(raiseContext(raw, raised, g, opset)));
  if (outputs !== undefined) return;
  g.node({ ...raw, name, op: raw.op as OpType, attributes: kept(raw) });
}

/** Imports an If, Loop or Scan. Problems in its body are reported, not the missing outputs that follow from them. */
function importControlFlow(node: ModelNode, state: State, problems: UnreadableNode[]): void {
  const { g, opset, failed } = state;
  const missing = node.inputs.find((name) => name !== "" && !g.has(name));
  if (missing !== undefined) throw new Unsupported(`its input "${missing}" is not defined`);
  const before = problems.length;
  const run: Run = ({ nodes, initializers, outputs }) => {
    if (g.nodes.length + nodes.length > MOST_NODES) {
      throw new Unsupported(`its bodies expand to more than ${MOST_NODES} nodes`);
    }
    for (const [name, data] of initializers) g.initializer(name, data);
    importNodes(
      nodes.map((each) => ({ node: each, opset })),
      state,
      problems,
    );
    const undone = outputs.find((name) => !g.has(name));
    if (undone !== undefined && problems.length === before) {
      throw new Unsupported(`its body's output "${undone}" is not defined`);
    }
    if (undone !== undefined) throw new FailedBody();
    return outputs.map((name) => g.value(name));
  };
  try {
    g.replace({ name: g.nodeName(node.name), outputs: node.outputs }, () => controlFlow(node, g, run));
  } catch (error) {
    if (!(error instanceof FailedBody)) throw error;
    for (const output of node.outputs) failed.add(output);
  }
}

/** Ends the import of a control-flow node whose body has problems. They are in the list already. */
class FailedBody extends Error {}

function raiseOf(node: ModelNode): Raise | undefined {
  const name = qualified(node);
  return Object.hasOwn(RAISES, name) ? RAISES[name] : undefined;
}

function isReadable(node: ModelNode): boolean {
  if (raiseOf(node) !== undefined) return true;
  const { domain, opType } = node;
  return domain === "" && (opType === "Constant" || isControlFlow(node) || isStandardOp(opType));
}

function raiseContext(node: RawNode, raised: Raise, g: ImportBuilder, opset: number): RaiseContext {
  return {
    g,
    opset,
    node,
    inputs: g.inputsOf(node),
    attributes: readAttributes(raised.attributes, node.attributes),
    again: (inputs, outputs = node.outputs.length) =>
      g.ops(node.op as OpType, inputs, kept(node), { outputs }),
  };
}

/** The attributes that the op still has in the internal opset. */
function kept({ op, attributes }: RawNode): RawNode["attributes"] {
  const own = ownAttributes(op);
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => Object.hasOwn(own, name)));
}

/** The names of the outputs. Unused ones get a name too if their number matters or a gradient needs them. */
function outputsOf({ opType, outputs }: ModelNode, stem: string): readonly string[] {
  const least = MUST_BE_NAMED[opType];
  if (least === undefined) return trimmed(outputs);
  const length = Math.max(least, outputs.length);
  return Array.from({ length }, (_, i) => outputs[i] || `${stem}/unread_${i}`);
}

const MUST_BE_NAMED: Readonly<Record<string, number>> = { Split: 1, TopK: 2 };

/** The tensor of a Constant node. */
function constantTensor(node: ModelNode): Tensor {
  for (const [name, attribute] of node.attributes) {
    if (name === "value" && attribute.kind === "tensor") return attribute.value;
    if (name === "value_float" && attribute.kind === "float") return float32([], [attribute.value]);
    if (name === "value_int" && attribute.kind === "int") return int64([], [attribute.value]);
    if (name === "value_floats" && attribute.kind === "floats") {
      return tensor("float32", [attribute.value.length], Float32Array.from(attribute.value));
    }
    if (name === "value_ints" && attribute.kind === "ints") {
      return int64([attribute.value.length], attribute.value);
    }
  }
  throw new Unsupported(`a constant given by ${[...node.attributes.keys()].join(", ") || "nothing"}`);
}
