import { evaluate } from "../reference/index.js";
import { GraphBuilder, verifyGraph, type Graph, type Value } from "../../src/graph/index.js";
import { compile } from "../../src/runtime/index.js";
import { createGenerator, tensor, type Tensor } from "../../src/tensor/index.js";
import { appendGradients } from "../../src/autodiff/index.js";

/** One input of a case: its elements lie in [low, high], no two closer than `apart`. */
export interface CaseInput {
  readonly shape: readonly number[];
  /** −1 and 1 by default. */
  readonly low?: number;
  readonly high?: number;
  /** Keeps kinks away: elements stay this far from 0. */
  readonly awayFromZero?: number;
  /** Distinct multiples of this, shuffled: no ties for Max and pooling. */
  readonly apart?: number;
}

/** One row of the gradcheck table. */
export interface GradCase {
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  /** The op under test on its inputs; several outputs are all differentiated. */
  readonly build: (g: GraphBuilder, inputs: readonly Value[]) => Value | readonly Value[];
}

/** Errors of one case, each relative to the largest of the true values. */
export interface CheckErrors {
  readonly first: number;
  readonly second: number;
  /** Gradients of both orders, ONNX Runtime's float32 against the interpreter's float64. */
  readonly ort: number;
}

const STEP = 1e-5;

/**
 * Checks first and second order of one case:
 *
 *   L₁ = Σ v · f(x)     L₂ = Σ u · ∇L₁
 *
 * with random v and u, each gradient against central differences in float64 and against ONNX Runtime.
 */
export async function check(row: GradCase): Promise<CheckErrors> {
  const random = createGenerator(7);
  const inputs = row.inputs.map((input, i) => draw(input, `${row.name}:${i}`));
  const names = inputs.map((_, i) => `x${i}`);
  const g = new GraphBuilder("case");
  const values = inputs.map(({ shape }, i) => g.input(names[i]!, "float32", shape));
  const weighted = (value: Value, name: string): Value => {
    const weights = new Float32Array(value.shape.reduce((product, dim) => product * dim, 1));
    random.stream(name).fillUniform(weights, -1, 1);
    const product = g.op("Mul", [value, g.initializer(name, tensor("float32", value.shape, weights))]);
    return g.op("ReduceSum", [product], { keepdims: 0 });
  };
  const sum = (parts: Value[]): Value => (parts.length === 1 ? parts[0]! : g.op("Sum", parts));
  const built = row.build(g, values);
  const outputs = Array.isArray(built) ? (built as Value[]) : [built as Value];
  const loss = sum(outputs.map((output, i) => weighted(output, `v${i}`)));
  const first = appendGradients(g, { of: loss, withRespectTo: values });
  const loss2 = sum(first.map((gradient, i) => weighted(gradient, `u${i}`)));
  const second = appendGradients(g, { of: loss2, withRespectTo: values });
  for (const value of [loss, loss2, ...first, ...second]) g.output(value);
  const graph = g.build();
  verifyGraph(graph);
  const feeds = Object.fromEntries(names.map((name, i) => [name, inputs[i]!]));
  const exact = evaluate(graph, feeds);
  return {
    first: compare(graph, feeds, loss, first, exact),
    second: compare(graph, feeds, loss2, second, exact),
    ort: Math.max(
      await againstRuntime(graph, feeds, first, exact),
      await againstRuntime(graph, feeds, second, exact),
    ),
  };
}

type Feeds = Readonly<Record<string, Tensor<"float64">>>;

/** The largest difference from central differences, relative to the largest derivative. */
function compare(graph: Graph, feeds: Feeds, loss: Value, gradients: readonly Value[], exact: Feeds): number {
  let [worst, scale] = [0, 1e-3];
  Object.entries(feeds).forEach(([name, input], i) => {
    const gradient = exact[gradients[i]!.name]!.data;
    input.data.forEach((value, j) => {
      const at = (shift: number): number => {
        const moved = tensor("float64", input.shape, input.data.with(j, value + shift));
        return evaluate(graph, { ...feeds, [name]: moved })[loss.name]!.data[0]!;
      };
      const numeric = (at(STEP) - at(-STEP)) / (2 * STEP);
      worst = Math.max(worst, Math.abs(numeric - gradient[j]!));
      scale = Math.max(scale, Math.abs(numeric));
    });
  });
  return worst / scale;
}

async function againstRuntime(
  graph: Graph,
  feeds: Feeds,
  gradients: readonly Value[],
  exact: Feeds,
): Promise<number> {
  const program = await compile(graph, { threads: 1 });
  const narrow = Object.fromEntries(
    Object.entries(feeds).map(([name, { shape, data }]) => [
      name,
      tensor("float32", shape, Float32Array.from(data)),
    ]),
  );
  const outputs = await program.run(narrow, [...new Set(gradients.map(({ name }) => name))]);
  await program.dispose();
  let [worst, scale] = [0, 1e-3];
  for (const { name } of gradients) {
    exact[name]!.data.forEach((value, j) => {
      worst = Math.max(worst, Math.abs(value - (outputs[name]!.data as Float32Array)[j]!));
      scale = Math.max(scale, Math.abs(value));
    });
  }
  return worst / scale;
}

/** Values that float32 holds exactly enough: rounded to it, so that both engines see the same point. */
function draw(
  { shape, low = -1, high = 1, awayFromZero = 0, apart }: CaseInput,
  name: string,
): Tensor<"float64"> {
  const stream = createGenerator(3).stream(name);
  const size = shape.reduce((product, dim) => product * dim, 1);
  const data = new Float64Array(size);
  if (apart !== undefined) {
    stream.permutation(size).forEach((rank, i) => (data[i] = (rank - size / 2 + 0.3) * apart));
  } else {
    for (let i = 0; i < size; i++) {
      const value = low + (high - low) * stream.uniform();
      data[i] = Math.abs(value) < awayFromZero ? value + Math.sign(value || 1) * awayFromZero : value;
    }
  }
  return tensor("float64", shape, data.map(Math.fround));
}
