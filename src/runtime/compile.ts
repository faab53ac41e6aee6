import { InferenceSession, Tensor as OrtTensor } from "./onnxruntime.js";
import { valueOf, withInitializers, type Graph, type Value } from "../graph/index.js";
import { InputError } from "../errors/index.js";
import { fileBytes, writeModel, type Model } from "../onnx/index.js";
import { bytesPerElement, sizeOf, tensor, type DataOf, type DType, type Tensor } from "../tensor/index.js";
import { collectGarbage } from "./collect.js";
import { expandFor } from "./device/expansions.js";
import { openOn, type DeviceSession } from "./device/session.js";
import { checkFeeds } from "./feeds.js";
import { deviceRefusal, refusal, RUN } from "./refusal.js";
import { lower, lowerInTwo, type Lowered, type LowerOptions } from "./lowering/index.js";
import type { CompileOptions, Feeds, Program } from "./program.js";
import { fileOrder } from "./order.js";
import { sessionOptions } from "./session-options.js";

/** Beyond this many bytes weights are passed beside the model: its protobuf would copy them again, and is limited to 2 GiB. */
const INLINE_LIMIT = 1.6e7;
const EXTERNAL_FILE = "weights";

/**
 * Bytes of steady inputs up to which the memory in which they are prepared is kept for the next time: it is several times as large, and
 * would be 200 MB for a ResNet-50.
 */
const KEPT_BYTES = 6.4e7;

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
  const { steady = [] } = options;
  if (steady.length > 0) return program(graph, await inStages(graph, steady, options), options);
  const lowered = await lower(graph, lowering(options));
  const { session, onCpu } = await createSession(lowered, options);
  const stage = { session, kept: {} };
  return program(
    lowered.graph,
    { onCpu, stageFor: () => Promise.resolve(stage), dispose: () => session.release() },
    options,
  );
}

function lowering({ optimization = "all", device = "cpu" }: CompileOptions): LowerOptions {
  return device === "cpu"
    ? { standard: optimization !== "all" }
    : { standard: true, expand: (graph) => expandFor(device, graph) };
}

/** What a run runs on. */
interface Stage {
  readonly session: InferenceSession;
  /** Fed to it besides what changes from run to run. */
  readonly kept: Readonly<Record<string, OrtTensor>>;
}

interface Stages {
  readonly onCpu: readonly string[];
  /** The stage for these values of the steady inputs; it holds until the next. */
  stageFor(feeds: Feeds): Promise<Stage>;
  dispose(): Promise<void>;
}

async function inStages(graph: Graph, steady: readonly string[], options: CompileOptions): Promise<Stages> {
  const names = new Set(steady);
  const lowered = await lowerInTwo(graph, names, lowering(options));
  return lowered === undefined ? recompiled(graph, steady, options) : prepared(lowered, names, options);
}

/** What is made of steady inputs alone is computed once for each of their values. */
async function prepared(
  { preparation, ...main }: Lowered,
  steady: ReadonlySet<string>,
  options: CompileOptions,
): Promise<Stages> {
  const valuesOf = (model: Model | undefined): Value[] =>
    (model?.graph.inputs ?? [])
      .filter(({ name }) => steady.has(name))
      .map(({ name }) => valueOf(main.graph, name));
  const [before, direct] = [valuesOf(preparation), valuesOf(main.model)];
  const bytes = before.reduce((sum, { dtype, shape }) => sum + bytesPerElement(dtype) * sizeOf(shape), 0);
  const first =
    preparation &&
    (await createSession({ ...main, model: preparation }, options, { keepsMemory: bytes <= KEPT_BYTES }));
  const { session, onCpu } = await createSession(main, options);
  return {
    onCpu: [...new Set([...onCpu, ...(first?.onCpu ?? [])])],
    async stageFor(feeds) {
      const made = await first?.session
        .run(ortFeeds(before, feeds))
        .catch(refusing(main.graph.name, options));
      return { session, kept: { ...made, ...ortFeeds(direct, feeds) } };
    },
    async dispose() {
      await Promise.all([first?.session.release(), session.release()]);
    },
  };
}

/** Steady inputs are constants of a session that is made for their values. */
function recompiled(graph: Graph, steady: readonly string[], options: CompileOptions): Stages {
  let session: InferenceSession | undefined;
  return {
    onCpu: [],
    async stageFor(feeds) {
      await session?.release();
      session = undefined;
      const constants = new Map(steady.map((name) => [name, feeds[name]!]));
      const lowered = await lower(withInitializers(graph, constants), lowering(options));
      ({ session } = await createSession(lowered, options));
      return { session, kept: {} };
    },
    dispose: async () => session?.release(),
  };
}

/** Throws what a run failed with. */
function refusing(name: string, { device = "cpu" }: CompileOptions): (cause: unknown) => never {
  return (cause) => {
    throw device === "cpu" ? refusal(name, RUN, cause) : deviceRefusal(device, name, RUN, cause);
  };
}

/** Apart from {@link program}, whose functions would otherwise keep the graph, and with it the weights. */
const valuesOf = (graph: Graph, names: readonly string[]): Value[] =>
  names.map((name) => valueOf(graph, name));

function program(graph: Graph, { stageFor, onCpu, dispose }: Stages, options: CompileOptions): Program {
  const { steady = [] } = options;
  const { name } = graph;
  const [inputs, outputs] = [valuesOf(graph, graph.inputs), valuesOf(graph, graph.outputs)];
  const changing = inputs.filter((input) => !steady.includes(input.name));
  const shapes = new Map(outputs.map((value) => [value.name, value]));
  const everything = outputs.map((value) => value.name);
  let leavesGarbage = constantBytes(graph) > INLINE_LIMIT;
  let [stage, last]: [Stage?, Feeds?] = [];
  let disposed = false;
  return {
    name,
    inputs,
    outputs,
    onCpu,
    async run(feeds, fetch = everything) {
      if (disposed) throw new Error(`program "${name}" was disposed of`);
      checkFeeds(name, inputs, feeds);
      if (stage === undefined || steady.some((input) => feeds[input] !== last?.[input])) {
        stage = undefined;
        stage = await stageFor(feeds);
        last = Object.fromEntries(steady.map((input) => [input, feeds[input]!]));
      }
      // What it was compiled from is let go by now.
      if (leavesGarbage) collectGarbage();
      leavesGarbage = false;
      const { session, kept } = stage;
      const results = await session
        .run({ ...kept, ...ortFeeds(changing, feeds) }, fetch as string[])
        .catch(refusing(name, options));
      const fetched: Record<string, Tensor> = {};
      for (const output of fetch) fetched[output] = fromOrt(results[output]!, shapes.get(output)!);
      return fetched;
    },
    async dispose() {
      if (disposed) return;
      disposed = true;
      await dispose();
    },
  };
}

async function createSession(
  { graph, model, optimization }: Lowered,
  options: CompileOptions,
  /** Whether the memory of a run is kept for the next. */
  { keepsMemory = true } = {},
): Promise<DeviceSession> {
  const external: { path: string; data: Uint8Array }[] = [];
  const bytes = constantBytes(model.graph);
  const written = writeModel(
    { ...model, graph: { ...model.graph, nodes: fileOrder(model.graph.nodes) } },
    bytes <= INLINE_LIMIT
      ? {}
      : {
          external: (_, tensor) => {
            const data = fileBytes(tensor);
            if (data.length < 1024) return undefined;
            const path = `${EXTERNAL_FILE}-${external.length}`;
            external.push({ path, data });
            return { location: path, offset: 0, length: data.length };
          },
        },
  );
  const { device = "cpu" } = options;
  const made = {
    enableCpuMemArena: keepsMemory,
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

function constantBytes({ initializers }: Pick<Model["graph"], "initializers">): number {
  return Array.from(initializers.values(), ({ data }) => data.byteLength).reduce((a, b) => a + b, 0);
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
