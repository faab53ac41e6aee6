/** A model as a function from a flat input vector to a flat output vector, and as run by the file's own session. */
import { InputError, suggestName } from "../errors/index.js";
import { bind, deadCode, graphFromModel, rewrite, type Dim, type Graph } from "../graph/index.js";
import { withStraightThrough } from "../models/index.js";
import { readModelFile, type Model, type ValueInfo } from "../onnx/index.js";
import { compile, openOriginal } from "../runtime/index.js";
import { float32, int64, sizeOf, tensor, toNumbers, type Tensor } from "../tensor/index.js";

export interface NetworkOptions {
  /** Which output the Y_j refer to, if there are several. */
  readonly output?: string | undefined;
  readonly threads?: number | undefined;
  /**
   * Takes the numbers of inputs and outputs, and returns inputs for testing a graph with a larger batch; throws if the
   * numbers are unexpected.
   */
  readonly probes: (inputs: number, outputs: number) => readonly Float32Array[];
}

/** Holds a session of the file: dispose of it. */
export interface Network {
  /** Number of elements of the input tensor and of the output tensor. */
  readonly inputs: number;
  readonly outputs: number;
  /** Shape of the output tensor. */
  readonly outputShape: readonly number[];
  /** Whether several inputs can be computed in one run. */
  readonly isBatched: boolean;
  /**
   * From {@link INPUT} `[batch, inputs]` to its one output, of the file's shape with `batch` in front; `batch` is 1 unless the
   * network is batched. Rounding is differentiated straight-through.
   */
  graph(batch: number): Graph;
  /** The output of the unchanged file for one input, in ONNX Runtime. */
  run(x: Float32Array): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Name of the flat input of a network's graph. */
export const INPUT = "flat_input";
/** The batch dimension of a graph for any batch size. */
const BATCH = "N";
/** Largest difference between a batched graph and the file, relative to the greatest output and 1: kernels round differently. */
const TOLERANCE = 1e-3;

/**
 * Reads a model without treating it as an image classifier: whatever the rank of its input, the X_i are its elements in
 * order, and no preprocessing is added.
 *
 * Exporters often fix a batch of 1. It is opened if that gives the same function on the probes.
 *
 * @throws InputError naming what cannot be read.
 */
export async function openNetwork(path: string, options: NetworkOptions): Promise<Network> {
  const { threads, probes } = options;
  const model = withOutput(await readModelFile(path), path, options.output);
  const input = onlyInput(model, path);
  const first = input.shape[0];
  const fixed = readGraph(model, path, input, typeof first === "string" ? 1 : first);
  const output = fixed.outputs[0]!;
  const inputShape = fixed.values.get(input.name)!.shape as readonly number[];
  const outputShape = fixed.values.get(output)!.shape as readonly number[];
  const [inputs, outputs] = [sizeOf(inputShape), sizeOf(outputShape)];
  const tried = probes(inputs, outputs);
  const original = await openOriginal(path, { threads });
  const network: Network = {
    inputs,
    outputs,
    outputShape,
    isBatched: false,
    graph: () => flat(fixed as Graph, input.name, inputs),
    async run(x) {
      const said = await original.run({ [input.name]: tensor("float32", inputShape, x) }, output);
      return Float32Array.from(toNumbers(said));
    },
    dispose: () => original.dispose(),
  };
  if (inputShape.length < 2 || inputShape[0] !== 1 || outputShape[0] !== 1) return network;
  try {
    for (const opened of [model, withOpenReshapes(model)]) {
      const graph = openGraph(opened, path, input, outputShape);
      if (graph === undefined) continue;
      const batched = {
        ...network,
        isBatched: true,
        graph: (batch: number) => flat(bind(graph, { [BATCH]: batch }), input.name, inputs),
      };
      if (await isSame(batched, tried, threads)) return batched;
    }
  } catch (error) {
    await network.dispose();
    throw error;
  }
  return network;
}

/** An input with a known rank. */
type KnownInput = ValueInfo & { readonly shape: readonly Dim[] };

function withOutput(model: Model, place: string, wanted: string | undefined): Model {
  const { outputs } = model.graph;
  const names = outputs.map(({ name }) => name);
  const output =
    wanted === undefined && outputs.length === 1 ? outputs[0] : outputs.find(({ name }) => name === wanted);
  if (output !== undefined) return { ...model, graph: { ...model.graph, outputs: [output] } };
  throw new InputError({
    place,
    problem: wanted === undefined ? `has ${outputs.length} outputs` : `has no output "${wanted}"`,
    remedy:
      wanted === undefined
        ? `Choose the one that holds the Y_j: --output ${names.slice(0, 20).join(" | ")}.`
        : suggestName(wanted, names),
  });
}

function onlyInput({ graph: { inputs } }: Model, place: string): KnownInput {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    throw new InputError({
      place,
      problem: `has ${inputs.length} inputs${inputs.length > 1 ? `: ${inputs.map(({ name }) => name).join(", ")}` : ""}`,
      remedy: "Export it with one input, whose elements are the X_i.",
    });
  }
  const { name, dtype, shape } = input;
  const open = shape?.slice(1).some((dim) => typeof dim === "string") ?? true;
  if (dtype === "float32" && shape !== undefined && !open) return input as KnownInput;
  throw new InputError({
    place: `${place}: input "${name}"`,
    problem: `is ${dtype}[${shape?.map((dim) => dim || "?").join(", ") ?? "…"}], expected float32 of a known size`,
    remedy: "Export the model with a float32 input in which only the first dimension may be open.",
  });
}

/** The graph with another first dimension for its input. */
function readGraph(model: Model, place: string, input: KnownInput, first: Dim | undefined): Graph<Dim> {
  const shape = first === undefined ? [] : [first, ...input.shape.slice(1)];
  const inputs = [{ ...input, shape }];
  const graph = graphFromModel({ ...model, graph: { ...model.graph, inputs } }, { place });
  return withStraightThrough(deadCode(graph));
}

/** The graph with an open batch; undefined if the model computes with the batch size, or mixes items of a batch. */
function openGraph(
  model: Model,
  place: string,
  input: KnownInput,
  [, ...rest]: readonly number[],
): Graph<Dim> | undefined {
  try {
    const graph = readGraph(model, place, input, BATCH);
    const { shape } = graph.values.get(graph.outputs[0]!)!;
    return shape.join() === [BATCH, ...rest].join() ? graph : undefined;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The model, in which a Reshape to `[1, …]` keeps the first dimension of its input. */
function withOpenReshapes(model: Model): Model {
  const { nodes, initializers } = model.graph;
  const targets = new Set(
    nodes.flatMap(({ opType, inputs }) => (opType === "Reshape" ? [inputs[1] ?? ""] : [])),
  );
  for (const { opType, inputs } of nodes)
    inputs.forEach((name, i) => (opType !== "Reshape" || i !== 1) && targets.delete(name));
  const open = (target: Tensor): Tensor =>
    target.dtype === "int64" && target.data.length > 1 && target.data[0] === 1n
      ? int64(target.shape, [0, ...toNumbers(target).slice(1)])
      : target;
  return {
    ...model,
    graph: {
      ...model.graph,
      initializers: new Map(
        [...initializers].map(([name, data]) => [name, targets.has(name) ? open(data) : data]),
      ),
      nodes: nodes.map((node) => {
        const value = node.attributes.get("value");
        if (node.opType !== "Constant" || value?.kind !== "tensor" || !targets.has(node.outputs[0]!))
          return node;
        return {
          ...node,
          attributes: new Map([...node.attributes, ["value", { kind: "tensor", value: open(value.value) }]]),
        };
      }),
    },
  };
}

/** Reshapes {@link INPUT} to the input of the graph. */
function flat(graph: Graph, input: string, inputs: number): Graph {
  const { shape } = graph.values.get(input)!;
  const rest = { ...graph, inputs: graph.inputs.filter((name) => name !== input) };
  return rewrite<number>(rest, () => undefined, {
    before(g) {
      const x = g.input(INPUT, "float32", [sizeOf(shape) / inputs, inputs]);
      const shaped = g.op("Reshape", [x, g.ints(shape)], {}, { name: "shaped" });
      g.node({ name: "given", op: "Identity", inputs: [shaped.name], outputs: [input], attributes: {} });
    },
  });
}

async function isSame(
  network: Network,
  probes: readonly Float32Array[],
  threads: number | undefined,
): Promise<boolean> {
  const { inputs, outputs } = network;
  const program = await compile(network.graph(probes.length), threads === undefined ? {} : { threads });
  try {
    const x = new Float32Array(probes.length * inputs);
    probes.forEach((probe, i) => x.set(probe, i * inputs));
    const said = await program.run({ [INPUT]: float32([probes.length, inputs], x) });
    const found = toNumbers(Object.values(said)[0]!);
    for (const [i, probe] of probes.entries()) {
      const wanted = await network.run(probe);
      const most = TOLERANCE * wanted.reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 1);
      if (!wanted.every((value, k) => Math.abs(found[i * outputs + k]! - value) <= most)) return false;
    }
    return true;
  } finally {
    await program.dispose();
  }
}
