/** Infers from the first nodes of a graph which pixels it expects. */
import { attributesOf, isNode, type Dim, type Graph, type Node } from "../../graph/index.js";
import { toNumbers } from "../../tensor/index.js";

/** A normalisation u = (x − mean) / deviation at the start of a graph, with one number per channel or one for all. */
export interface GraphStart {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
  /** The largest pixel that fits it: 1 or 255; undefined if neither clearly does. */
  readonly range: 1 | 255 | undefined;
}

/** Values a · x + b, with one number per channel or one for all. */
interface Affine {
  readonly a: readonly number[];
  readonly b: readonly number[];
}

const PASSED: ReadonlySet<string> = new Set(["Identity", "Cast", "Transpose", "Reshape"]);

/**
 * The normalisation before everything else: constants that are added and multiplied, or a BatchNormalization with its
 * running statistics; undefined if the graph begins differently.
 */
export function findGraphStart(graph: Graph<Dim>, image: string, channels: number): GraphStart | undefined {
  let affine: Affine = { a: [1], b: [0] };
  let isPlain = true;
  for (let value = image; ;) {
    const readers = graph.nodes.filter(({ inputs }) => inputs.includes(value));
    const [node] = readers;
    if (readers.length !== 1 || node === undefined) break;
    if (!PASSED.has(node.op)) {
      const norm: Affine | undefined = isPlain ? batchNormOf(graph, node) : undefined;
      const next: Affine | undefined = norm ?? applied(graph, node, value, affine, channels);
      if (next === undefined) break;
      [affine, isPlain] = [next, false];
      if (node.op === "BatchNormalization") break;
    }
    value = node.outputs[0]!;
  }
  if (isPlain || affine.a.some((a) => a === 0 || !Number.isFinite(a))) return undefined;
  const at = (values: readonly number[], i: number): number => values[values.length === 1 ? 0 : i]!;
  const places = Array.from({ length: Math.max(affine.a.length, affine.b.length) }, (_, i) => i);
  const mean = places.map((i) => -at(affine.b, i) / at(affine.a, i));
  const deviation = places.map((i) => 1 / at(affine.a, i));
  return { mean, deviation, range: rangeOf(average(mean), average(deviation)) };
}

const average = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length;

/** Photographs have a mean near .45 of the largest pixel and a deviation near .25; Caffe omits the deviation. */
function rangeOf(mean: number, deviation: number): 1 | 255 | undefined {
  if (mean >= 0.2 && mean <= 0.8 && deviation >= 0.05 && deviation <= 1.2) return 1;
  if (mean >= 30 && mean <= 225 && deviation > 0 && deviation <= 300) return 255;
  if (Math.abs(mean) < 1e-6 && deviation >= 100 && deviation <= 300) return 255;
  return undefined;
}

/** A trained BatchNormalization at the start subtracts the data's own mean. */
function batchNormOf(graph: Graph<Dim>, node: Node): Affine | undefined {
  if (!isNode(node, "BatchNormalization")) return undefined;
  const [mean, variance] = [3, 4].map((i) => constant(graph, node.inputs[i]!));
  if (mean === undefined || variance === undefined) return undefined;
  const { epsilon } = attributesOf(node);
  const a = variance.map((each) => 1 / Math.sqrt(each + epsilon));
  return { a, b: mean.map((each, i) => -each * a[i]!) };
}

function applied(
  graph: Graph<Dim>,
  { op, inputs }: Node,
  value: string,
  { a, b }: Affine,
  channels: number,
): Affine | undefined {
  const [left, right] = inputs;
  if (inputs.length !== 2) return undefined;
  const isLeft = left === value;
  const c = constant(graph, isLeft ? right! : left!);
  if (c === undefined || (c.length !== 1 && c.length !== channels)) return undefined;
  const zip = (x: readonly number[], f: (x: number, c: number) => number): number[] =>
    Array.from({ length: Math.max(x.length, c.length) }, (_, i) =>
      f(x[x.length === 1 ? 0 : i]!, c[c.length === 1 ? 0 : i]!),
    );
  if (op === "Add") return { a, b: zip(b, (x, k) => x + k) };
  if (op === "Mul") return { a: zip(a, (x, k) => x * k), b: zip(b, (x, k) => x * k) };
  if (!isLeft) return undefined;
  if (op === "Sub") return { a, b: zip(b, (x, k) => x - k) };
  if (op === "Div") return { a: zip(a, (x, k) => x / k), b: zip(b, (x, k) => x / k) };
  return undefined;
}

function constant(graph: Graph<Dim>, name: string): number[] | undefined {
  const found = graph.initializers.get(name);
  return found === undefined || found.data.length > 16 ? undefined : toNumbers(found);
}
