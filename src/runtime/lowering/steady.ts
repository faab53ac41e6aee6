import type { Graph } from "../../graph/index.js";
import type { Model, ModelNode, ValueInfo } from "../../onnx/index.js";

/** Which values are the same from run to run: constants, steady inputs, and what is made of them alone. */
export function steadyValues(
  { initializers, nodes }: Pick<Graph, "initializers" | "nodes">,
  steady: Iterable<string> = [],
): (value: string) => boolean {
  const known = new Set([...initializers.keys(), ...steady]);
  for (const { inputs, outputs } of nodes) {
    if (inputs.every((name) => name === "" || known.has(name))) outputs.forEach((name) => known.add(name));
  }
  return (value) => known.has(value);
}

/** A model in two: what its steady inputs give, and the rest, which is fed that. */
export interface InTwo {
  /** Undefined where nothing depends on them alone. */
  readonly preparation: Model | undefined;
  readonly model: Model;
}

/**
 * Takes out of a model what depends on its steady inputs alone.
 *
 * @param typeOf type of a value; only the rank and sizes may be missing.
 */
export function takeOutSteady(
  model: Model,
  steady: ReadonlySet<string>,
  typeOf: (name: string) => ValueInfo,
): InTwo {
  const { graph } = model;
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const known = new Set([...graph.initializers.keys(), ...steady]);
  const [before, rest]: [ModelNode[], ModelNode[]] = [[], []];
  for (const node of graph.nodes) {
    const given = node.inputs.filter((name) => name !== "");
    // What has no inputs may be drawn at random; what is put out has to be made where it is.
    const isSteady =
      given.length > 0 &&
      given.every((name) => known.has(name)) &&
      !node.outputs.some((name) => outputs.has(name));
    if (isSteady) node.outputs.forEach((name) => known.add(name));
    (isSteady ? before : rest).push(node);
  }
  const made = new Set(before.flatMap((node) => node.outputs));
  const read = new Set([...rest.flatMap(({ inputs }) => inputs), ...outputs]);
  const handed = [...made].filter((name) => read.has(name)).map(typeOf);
  const own = graph.inputs.filter(({ name }) => !steady.has(name) || read.has(name));
  const readBefore = new Set(before.flatMap(({ inputs }) => inputs));
  const partOf = (
    nodes: readonly ModelNode[],
    inputs: readonly ValueInfo[],
    given: readonly ValueInfo[],
  ): Model => {
    const used = new Set([...nodes.flatMap((node) => node.inputs), ...given.map(({ name }) => name)]);
    const initializers = new Map([...graph.initializers].filter(([name]) => used.has(name)));
    return { ...model, graph: { ...graph, nodes, inputs, outputs: given, initializers, valueInfo: [] } };
  };
  const fed = graph.inputs.filter(({ name }) => readBefore.has(name));
  return {
    preparation: handed.length === 0 ? undefined : partOf(before, fed, handed),
    model: partOf(rest, [...own, ...handed], graph.outputs),
  };
}
