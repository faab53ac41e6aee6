import type { ModelGraph, ModelNode } from "../../onnx/index.js";
import { int64, tensor, toNumbers, type Tensor } from "../../tensor/index.js";
import type { Dim, Value } from "../graph.js";
import type { ImportBuilder } from "./import-builder.js";
import { instantiate, type Instance } from "./instantiate.js";
import { Unsupported } from "./raise.js";

/** Most iterations to unroll. */
const LONGEST = 1024;

/** Adds the nodes of a body to the graph. @throws Unsupported if one of them is unsupported. */
export type Run = (body: Instance) => readonly Value<Dim>[];

export function isControlFlow({ domain, opType }: ModelNode): boolean {
  return domain === "" && (opType === "If" || opType === "Loop" || opType === "Scan");
}

/**
 * Inlines an If with a known condition, and unrolls a Loop with a known number of iterations or a Scan. Bodies become
 * part of the graph, once per iteration. Returns the node's outputs.
 *
 * @throws Unsupported if the condition or the number depends on the image.
 */
export function controlFlow(node: ModelNode, g: ImportBuilder, run: Run): readonly Value<Dim>[] {
  const given = node.opType === "Loop" ? node.inputs.slice(2) : node.inputs;
  if (given.includes("")) throw new Unsupported("one of its inputs is missing");
  const prefix = node.name || node.outputs.find((name) => name !== "") || node.opType;
  if (node.opType === "If") return branch(node, g, run, prefix);
  return node.opType === "Loop" ? loop(node, g, run, prefix) : scan(node, g, run, prefix);
}

function branch(node: ModelNode, g: ImportBuilder, run: Run, prefix: string): readonly Value<Dim>[] {
  const condition = knownNumber(g, node.inputs[0]);
  if (condition === undefined) throw new Unsupported("its condition depends on the image");
  const name = condition !== 0 ? "then_branch" : "else_branch";
  return run(instantiate(bodyOf(node, name), `${prefix}/${name}`, new Map()));
}

function loop(node: ModelNode, g: ImportBuilder, run: Run, prefix: string): readonly Value<Dim>[] {
  const body = bodyOf(node, "body");
  const [limit, start, ...initial] = node.inputs;
  const count = limit ? knownNumber(g, limit) : Infinity;
  let condition = start ? knownNumber(g, start) : 1;
  if (count === undefined || condition === undefined) {
    throw new Unsupported("its trip count depends on the image");
  }
  checkOutputs(body, 1 + initial.length);
  let state = initial;
  const collected: string[][] = body.outputs.slice(1 + state.length).map(() => []);
  for (let i = 0; i < count && condition !== 0; i++) {
    if (i >= LONGEST) throw new Unsupported(`runs more than ${LONGEST} times`);
    const [step, holds] = [
      g.constant(int64([], [i])).name,
      g.constant(tensor("bool", [], Uint8Array.of(1))).name,
    ];
    const outputs = run(instantiate(body, `${prefix}/${i}`, bindings(body, [step, holds, ...state])));
    condition = knownNumber(g, outputs[0]!.name);
    if (condition === undefined) throw new Unsupported("its trip count depends on the image");
    state = outputs.slice(1, 1 + state.length).map(({ name }) => name);
    outputs.slice(1 + state.length).forEach(({ name }, k) => collected[k]!.push(name));
  }
  return [...state.map((name) => g.value(name)), ...collected.map((parts) => stacked(g, parts, 0, false))];
}

function scan(node: ModelNode, g: ImportBuilder, run: Run, prefix: string): readonly Value<Dim>[] {
  const body = bodyOf(node, "body");
  const ints = (name: string): readonly number[] => {
    const attribute = node.attributes.get(name);
    return attribute?.kind === "ints" ? attribute.value : [];
  };
  const given = node.attributes.get("num_scan_inputs");
  const scanned = given?.kind === "int" ? given.value : NaN;
  if (!(scanned >= 1 && scanned <= node.inputs.length)) throw new Unsupported("num_scan_inputs is missing");
  const states = node.inputs.length - scanned;
  const inputs = node.inputs.slice(states).map((name, k) => {
    const value = g.value(name);
    const axis = wrapped(ints("scan_input_axes")[k] ?? 0, value.shape.length);
    const length = value.shape[axis];
    if (typeof length !== "number") throw new Unsupported("its trip count depends on an open dimension");
    return { value, axis, length, backward: ints("scan_input_directions")[k] === 1 };
  });
  const { length } = inputs[0]!;
  if (inputs.some((each) => each.length !== length)) throw new Unsupported("its inputs have unequal lengths");
  if (length > LONGEST) throw new Unsupported(`runs more than ${LONGEST} times`);
  checkOutputs(body, states);
  let state: readonly string[] = node.inputs.slice(0, states);
  const collected: string[][] = body.outputs.slice(states).map(() => []);
  for (let i = 0; i < length; i++) {
    const slices = inputs.map(({ value, axis, backward }) => {
      const index = g.constant(int64([], [backward ? length - 1 - i : i]));
      return g.op("Gather", [value, index], { axis }).name;
    });
    const outputs = run(instantiate(body, `${prefix}/${i}`, bindings(body, [...state, ...slices])));
    state = outputs.slice(0, states).map(({ name }) => name);
    outputs.slice(states).forEach(({ name }, k) => collected[k]!.push(name));
  }
  const results = collected.map((parts, k) =>
    stacked(g, parts, ints("scan_output_axes")[k] ?? 0, ints("scan_output_directions")[k] === 1),
  );
  return [...state.map((name) => g.value(name)), ...results];
}

function bodyOf(node: ModelNode, name: string): ModelGraph {
  const attribute = node.attributes.get(name);
  if (attribute?.kind !== "graph") throw new Unsupported(`its ${name} is missing`);
  return attribute.value;
}

function checkOutputs({ outputs }: ModelGraph, least: number): void {
  if (outputs.length < least) {
    throw new Unsupported(`its body gives ${outputs.length} values, expected at least ${least}`);
  }
}

function bindings({ inputs }: ModelGraph, names: readonly string[]): Map<string, string> {
  if (inputs.length !== names.length) {
    throw new Unsupported(`its body takes ${inputs.length} inputs, found ${names.length}`);
  }
  return new Map(inputs.map(({ name }, i) => [name, names[i]!]));
}

function stacked(g: ImportBuilder, names: readonly string[], axis: number, backward: boolean): Value<Dim> {
  if (names.length === 0) throw new Unsupported("collects nothing");
  const order = backward ? [...names].reverse() : names;
  const parts = order.map((name) => g.op("Unsqueeze", [g.value(name), g.ints([axis])]));
  return g.op("Concat", parts, { axis });
}

function knownNumber(g: ImportBuilder, name: string | undefined): number | undefined {
  const data: Tensor | undefined =
    name === undefined || name === "" ? undefined : g.constantOf(g.value(name));
  return data?.data.length === 1 ? toNumbers(data)[0] : undefined;
}

const wrapped = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);
