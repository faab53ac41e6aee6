import { InferenceSession, Tensor as OrtTensor } from "./onnxruntime.js";
import { modelFromGraph, valueOf, type Graph, type Value } from "../graph/index.js";
import { InputError } from "../errors/index.js";
import { writeModel } from "../onnx/index.js";
import { bytesPerElement, tensor, type DataOf, type DType, type Tensor } from "../tensor/index.js";
import { expandFor } from "./device/expansions.js";
import { openOn, type DeviceSession } from "./device/session.js";
import { checkFeeds } from "./feeds.js";
import { deviceRefusal, refusal, RUN } from "./refusal.js";
import { lower, type Lowered } from "./lowering/index.js";
import type { CompileOptions, Feeds, Program } from "./program.js";
import { sessionOptions } from "./session-options.js";

/** Beyond this many bytes weights are passed beside the model: its protobuf would copy them again, and is limited to 2 GiB. */
const INLINE_LIMIT = 1.6e7;
const EXTERNAL_FILE = "weights";

/**
 * ONNX Runtime's optimisers take time with the square of the nodes. A file that brings more than these waits minutes
 * for them, so they are then left out unless they are asked for.
 */
const MANY_NODES = 10_000;

/**
 * Compiles a graph of static shapes for ONNX Runtime. Constants are folded
 * first, so gradient graphs may compute on constant weights freely. On a device other than the CPU the graph is of ONNX's
 * operators alone, without those that the device lacks.
 *
 * `run` of the program is a synchronous native call behind its promise: it blocks this
 * thread. {@link createWorkerRuntime} runs it in a worker instead.
 */
export async function compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
  const lowered = await lowerFor(graph, options);
  const session = await createSession(lowered, options);
  return program(lowered.graph, session, options);
}

async function lowerFor(
  graph: Graph,
  { optimization = "all", device = "cpu" }: CompileOptions,
): Promise<Lowered> {
  if (device === "cpu") return lower(graph, { standard: optimization !== "all" });
  const standard = await lower(graph, { standard: true });
  const expanded = expandFor(device, standard.graph);
  return { graph: expanded, model: modelFromGraph(expanded) };
}

function program(
  graph: Graph,
  { session, onCpu }: DeviceSession,
  { device = "cpu" }: CompileOptions,
): Program {
  const { name } = graph;
  const inputs = graph.inputs.map((input) => valueOf(graph, input));
  const outputs = graph.outputs.map((output) => valueOf(graph, output));
  const shapes = new Map(outputs.map((value) => [value.name, value]));
  const everything = outputs.map((value) => value.name);
  let disposed = false;
  return {
    name,
    inputs,
    outputs,
    onCpu,
    async run(feeds, fetch = everything) {
      if (disposed) throw new Error(`program "${name}" was disposed of`);
      checkFeeds(name, inputs, feeds);
      const results = await session
        .run(ortFeeds(inputs, feeds), fetch as string[])
        .catch((cause: unknown) => {
          throw device === "cpu" ? refusal(name, RUN, cause) : deviceRefusal(device, name, RUN, cause);
        });
      const fetched: Record<string, Tensor> = {};
      for (const output of fetch) fetched[output] = fromOrt(results[output]!, shapes.get(output)!);
      return fetched;
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      await session.release();
    },
  };
}

async function createSession(
  { graph, model, optimization }: Lowered,
  options: CompileOptions,
): Promise<DeviceSession> {
  const external: { path: string; data: Uint8Array }[] = [];
  let bytes = 0;
  for (const data of model.graph.initializers.values()) bytes += data.data.byteLength;
  const written = writeModel(
    model,
    bytes <= INLINE_LIMIT
      ? {}
      : {
          external: (_, { dtype, data }) => {
            const length = data.length * bytesPerElement(dtype);
            if (length < 1024) return undefined;
            const path = `${EXTERNAL_FILE}-${external.length}`;
            external.push({ path, data: new Uint8Array(data.buffer, data.byteOffset, length) });
            return { location: path, offset: 0, length };
          },
        },
  );
  const { device = "cpu" } = options;
  const made = {
    graphOptimizationLevel:
      optimization ?? options.optimization ?? (model.graph.nodes.length > MANY_NODES ? "disabled" : "all"),
    ...(external.length === 0 ? {} : { externalData: external }),
  };
  try {
    if (device !== "cpu") return await openOn(device, written, made, options.onCpu);
    const session = await InferenceSession.create(written, { ...sessionOptions(options), ...made });
    return { session, onCpu: [] };
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    const what = "could not be compiled";
    throw device === "cpu"
      ? refusal(graph.name, what, cause)
      : deviceRefusal(device, graph.name, what, cause);
  }
}

function ortFeeds(inputs: readonly Value[], feeds: Feeds): Record<string, OrtTensor> {
  const converted: Record<string, OrtTensor> = {};
  for (const { name, dtype } of inputs) {
    const { data, shape } = feeds[name]!;
    converted[name] = new OrtTensor(dtype as "float32", data as Float32Array, shape);
  }
  return converted;
}

function fromOrt(result: OrtTensor, { dtype, shape }: Value): Tensor {
  return tensor(dtype, shape, result.data as DataOf<DType>);
}
