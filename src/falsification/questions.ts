/** Questions that a search asks a network: how far an input is from a counterexample, and which direction leads closer. */
import {
  ask,
  runRows,
  STEP,
  type Answerer,
  type Asking,
  type Compile,
  type Question,
} from "../attacks/index.js";
import { appendGradients } from "../autodiff/index.js";
import { deadCode, GraphBuilder, type Dim, type Graph, type Value } from "../graph/index.js";
import { findLogits } from "../models/index.js";
import { compile, type Program } from "../runtime/index.js";
import { int64, float32, sizeOf } from "../tensor/index.js";
import type { OutputBound } from "./cases.js";
import { INPUT, type Network } from "./network.js";
import { WIDTH, withSoftSigns } from "./signs.js";

/** Names of the loss graph's inputs and outputs, beside those of STEP. */
const LOSS = {
  /** 0 for the bounds that apply to a row, {@link EXCLUDED} for others, `[N, M]`. */
  excluded: "excluded",
  /** Weights of the outputs in a walk that only leads elsewhere, `[N, K]`. */
  direction: "direction",
  loss: "loss",
  gradient: "gradient",
  outputs: "outputs",
} as const;

/** Pushes bounds that do not apply below all others. */
const EXCLUDED = 3e38;

/** A point in the box, and the network's response. */
export interface Seen {
  /** The value to increase. */
  readonly loss: number;
  readonly gradient: Float32Array;
  /** Outputs, or the values before a softmax if the bounds only compare outputs with each other. */
  readonly outputs: Float32Array;
}

/** Σ factors · outputs − bound over the factors' length: above 0 if the bound is violated. */
export function excessOf({ outputs, factors, bound }: OutputBound, values: Float32Array): number {
  let sum = -bound;
  for (const [k, output] of outputs.entries()) sum += factors[k]! * values[output]!;
  return sum / lengthOf(factors);
}

/** The greatest excess; −∞ without bounds. At 0 and below, finite outputs are those of a counterexample. */
export function violationOf(bounds: readonly OutputBound[], values: Float32Array): number {
  let most = -Infinity;
  for (const bound of bounds) {
    const excess = excessOf(bound, values);
    if (!Number.isFinite(excess)) return Infinity;
    most = Math.max(most, excess);
  }
  return most;
}

const lengthOf = (factors: readonly number[]): number => Math.hypot(...factors) || 1;

/** Asks about one network and one list of bounds. Holds programs: dispose of it. */
export interface Asker extends Answerer {
  /** Length of the direction of {@link along}. */
  readonly outputs: number;
  /** The outputs of the file itself for one input. */
  file(x: Float32Array): Asking<Float32Array>;
  /**
   * − max_{m in `bounds`} excess_m, and its gradient: at 0 the input is a counterexample. `width` is that of signs.
   */
  nearness(bounds: readonly number[], width: number): (x: Float32Array) => Asking<Seen>;
  /** Σ direction · outputs, and its gradient: leads to other outputs. */
  along(direction: Float32Array, width: number): (x: Float32Array) => Asking<Seen>;
  dispose(): Promise<void>;
}

export interface AskerOptions {
  readonly batchSize: number;
  readonly threads?: number | undefined;
  readonly compile?: Compile | undefined;
  /** Called before each run; an error that it throws ends the search. */
  readonly beforeRun: () => void;
}

export function createAsker(
  network: Network,
  bounds: readonly OutputBound[],
  { batchSize, threads, compile: compiler = compile, beforeRun }: AskerOptions,
): Asker {
  const programs = new Map<string, Promise<Program>>();
  const size = network.isBatched ? batchSize : 1;
  const isCompared = bounds.every(isComparison);
  const questions = {
    file: question("file", "forward"),
    nearness: question("nearness", "gradient"),
    along: question("along", "gradient"),
  };
  const graphs: Readonly<Record<string, (rows: number) => Graph>> = {
    nearness: (rows) =>
      lossGraph(network, rows, { isCompared, loss: (g, outputs) => nearness(g, outputs, bounds) }),
    along: (rows) => lossGraph(network, rows, { isCompared, loss: along }),
  };
  const programOf = (key: string, rows: number): Promise<Program> => {
    const name = `${key} ${rows}`;
    let found = programs.get(name);
    found ??= compiler(graphs[key]!(rows), threads === undefined ? {} : { threads });
    programs.set(name, found);
    return found;
  };
  const seen = (which: "nearness" | "along", rows: Readonly<Record<string, Float32Array>>) =>
    function* (x: Float32Array): Asking<Seen> {
      const answer = yield* ask(questions[which], { ...rows, [STEP.image]: x });
      return {
        loss: answer[LOSS.loss]![0]!,
        gradient: answer[LOSS.gradient]!,
        outputs: answer[LOSS.outputs]!,
      };
    };
  return {
    batchSize: size,
    outputs: network.outputs,
    drawsOf: () => 1,
    async answer({ key }, queries) {
      beforeRun();
      if (key === questions.file.key) {
        const found = [];
        for (const { rows } of queries) found.push({ [LOSS.outputs]: await network.run(rows[STEP.image]!) });
        return found;
      }
      // There are two programs, so that single rows are not padded to many.
      const rows = queries.length === 1 ? 1 : size;
      return runRows(await programOf(key, rows), queries, { image: INPUT, whole: {} });
    },
    *file(x) {
      return (yield* ask(questions.file, { [STEP.image]: x }))[LOSS.outputs]!;
    },
    nearness(wanted, width) {
      const excluded = new Float32Array(Math.max(1, bounds.length)).fill(wanted.length === 0 ? 0 : EXCLUDED);
      for (const m of wanted) excluded[m] = 0;
      return seen("nearness", { [LOSS.excluded]: excluded, [WIDTH]: Float32Array.of(width) });
    },
    along: (direction, width) =>
      seen("along", { [LOSS.direction]: direction, [WIDTH]: Float32Array.of(width) }),
    async dispose() {
      const compiled = await Promise.allSettled(programs.values());
      programs.clear();
      await Promise.all(
        compiled.flatMap((each) => (each.status === "fulfilled" ? [each.value.dispose()] : [])),
      );
    },
  };
}

const question = (key: string, kind: Question["kind"]): Question => ({
  key,
  kind,
  // Graphs are built from the network, without a classifier.
  build: () => {
    throw new Error("a network's questions are answered by its own asker");
  },
});

/** Whether it compares two outputs with each other: then it is equivalent for the values before a softmax. */
function isComparison({ outputs, factors, bound }: OutputBound): boolean {
  return outputs.length === 2 && bound === 0 && factors[0] === -factors[1]!;
}

function lossGraph(
  network: Network,
  rows: number,
  {
    isCompared,
    loss,
  }: { readonly isCompared: boolean; readonly loss: (g: GraphBuilder, outputs: Value) => Value },
): Graph {
  const whole = withSoftSigns(network.graph(rows), rows);
  const [, classes = 1, ...rest] = network.outputShape;
  const isVector = network.outputShape[0] === 1 && classes > 1 && rest.length === 0;
  const { graph, logits } =
    isCompared && isVector ? logitsOf(whole) : { graph: whole, logits: whole.outputs[0]! };
  const g = GraphBuilder.from(graph);
  const given = g.value(logits);
  const outputs = g.op("Reshape", [given, g.ints([rows, sizeOf(given.shape) / rows])]);
  const raised = loss(g, outputs);
  const total = g.op("ReduceSum", [raised], { keepdims: 0 });
  const [gradient] = appendGradients(g, { of: total, withRespectTo: [g.value(INPUT)] });
  g.output(raised, LOSS.loss);
  g.output(gradient!, LOSS.gradient);
  g.output(outputs, LOSS.outputs);
  g.output(g.op("ReduceMax", [g.op("Abs", [gradient!]), g.ints([1])], { keepdims: 0 }), STEP.gradientPeak);
  return deadCode(g.build());
}

/** − max over the rows' own bounds of the excess; bounds are sparse: each has only a few outputs. */
function nearness(g: GraphBuilder, outputs: Value, all: readonly OutputBound[]): Value {
  const bounds = all.length === 0 ? [{ outputs: [0], factors: [0], bound: 0 }] : all;
  const rows = outputs.shape[0]!;
  const width = Math.max(...bounds.map((bound) => bound.outputs.length));
  const places = bounds.flatMap((bound) => Array.from({ length: width }, (_, k) => bound.outputs[k] ?? 0));
  const factors = bounds.flatMap((bound) => {
    const length = lengthOf(bound.factors);
    return Array.from({ length: width }, (_, k) => (bound.factors[k] ?? 0) / length);
  });
  const limits = bounds.map((bound) => bound.bound / lengthOf(bound.factors));
  const picked = g.op("Gather", [outputs, g.constant(int64([places.length], places))], { axis: 1 });
  const weighted = g.op("Mul", [picked, g.constant(float32([factors.length], factors))]);
  const sums = g.op(
    "ReduceSum",
    [g.op("Reshape", [weighted, g.ints([rows, bounds.length, width])]), g.ints([2])],
    { keepdims: 0 },
  );
  const excess = g.op("Sub", [sums, g.constant(float32([limits.length], limits))]);
  const excluded = g.input(LOSS.excluded, "float32", [rows, bounds.length]);
  const most = g.op("ReduceMax", [g.op("Sub", [excess, excluded]), g.ints([1])], { keepdims: 0 });
  return g.op("Neg", [most]);
}

/** The values before a softmax. The graph stays bound. */
function logitsOf(graph: Graph): { readonly graph: Graph; readonly logits: string } {
  const found: { readonly graph: Graph<Dim>; readonly logits: string } = findLogits(graph, graph.name);
  return { graph: found.graph as Graph, logits: found.logits };
}

function along(g: GraphBuilder, outputs: Value): Value {
  const direction = g.input(LOSS.direction, "float32", outputs.shape);
  return g.op("ReduceSum", [g.op("Mul", [outputs, direction]), g.ints([1])], { keepdims: 0 });
}
