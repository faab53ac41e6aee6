import {
  attributesOf,
  indicesOf,
  isNode,
  reachOf,
  windowOf,
  type Graph,
  type Node,
  type Window,
} from "../../../graph/index.js";
import { sizeOf, tensor } from "../../../tensor/index.js";
import { summedAxes } from "./channel-sums.js";
import { convolve } from "./convolution.js";
import { floats, isMaps, type Emitter } from "./emitter.js";
import { sameFilter } from "./filters.js";
import { interleaved, reach, type Axis } from "./phases.js";

/** MaxPool and AveragePool of maps that are in blocks. */
export function writePool(e: Emitter, node: Node<"MaxPool" | "AveragePool">): boolean {
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  if (!e.isBlocked(x) || (node.outputs[1] ?? "") !== "") return false;
  const [space, out] = [e.shape(x).slice(2), e.shape(y).slice(2)];
  const given = windowOf(attributesOf(node), space);
  const w = { ...given, padsEnd: endsOf(given, space, out) };
  if (w.padsEnd.some((pad, i) => pad >= w.kernel[i]!)) return false;
  const included = isNode(node, "AveragePool") ? attributesOf(node).count_include_pad : undefined;
  // In ceil mode the last windows leave the padding, which is then counted or not.
  if (included === 1 && attributesOf(node).ceil_mode === 1) return false;
  const pooled = isNode(node, "MaxPool")
    ? maxPooled(e, x, w)
    : e.blockedOp(node.op, [e.blocked(x)], { ...attributesOfWindow(w), count_include_pad: included! });
  e.give(y, pooled);
  return true;
}

const attributesOfWindow = ({ kernel, strides, dilations, padsBegin, padsEnd }: Window) => ({
  kernel_shape: kernel,
  strides,
  dilations,
  pads: [...padsBegin, ...padsEnd],
});

/** Once for the pool and its gradient. */
function maxPooled(e: Emitter, x: string, w: Window): string {
  return e.shared(`maxima of ${x} ${JSON.stringify(w)}`, () =>
    e.blockedOp("MaxPool", [e.blocked(x)], attributesOfWindow(w)),
  );
}

/** Pads to where the last positions of a window reach. */
function endsOf(w: Window, space: readonly number[], out: readonly number[]): number[] {
  return reachOf(out, w).map((reach, i) => Math.max(w.padsEnd[i]!, reach - space[i]! - w.padsBegin[i]!));
}

/** Means or sums over the whole of each map. */
export function writeGlobalPool(e: Emitter, node: Node): boolean {
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  if (!e.isBlocked(x)) return false;
  const [batch, channels, height, width] = e.blockedShape(x);
  if (!isNode(node, "ReduceMean", "ReduceSum")) {
    e.give(y, e.blockedOp(node.op, [e.blocked(x)]));
    return true;
  }
  const isWhole = channels === e.shape(x)[1];
  const keeps = attributesOf(node).keepdims === 1;
  if (summedAxes(e, node) !== "2,3" || (!keeps && !isWhole)) {
    return false;
  }
  let pooled = e.blockedOp("GlobalAveragePool", [e.blocked(x)]);
  if (isNode(node, "ReduceSum")) pooled = e.op("Mul", [pooled, e.scalar(height * width)]);
  if (keeps) e.give(y, pooled);
  else e.op("Reshape", [pooled, e.ints([batch, channels])], {}, y);
  return true;
}

/** Takes |p − a| above 1 for floats that differ, unless both are denormal. */
const GAIN = 2 ** 126;

/** Higher than any maximum. */
const HIGHEST = 3e38;

/** A place of the window: where it reads, and where it lies among the phases of the strides. */
interface Tap {
  readonly reads: readonly [Axis, Axis];
  readonly phase: number;
  readonly gives: readonly [Axis, Axis];
  /** Rows and columns of windows for which it lies in the padding. */
  readonly outside: readonly [readonly number[], readonly number[]];
}

function tapsOf(space: readonly number[], out: readonly number[], w: Window): readonly Tap[] {
  const along = (axis: number, tap: number) => {
    const [stride, length, count] = [w.strides[axis]!, space[axis]!, out[axis]!];
    const at = tap * w.dilations[axis]! - w.padsBegin[axis]!;
    const shift = Math.floor(at / stride);
    const windows = Array.from({ length: count }, (_, i) => i);
    return {
      reads: reach([{ tap: 0, at }], count, length, stride),
      phase: at - stride * shift,
      gives: reach([{ tap: 0, at: -shift }], Math.ceil(length / stride), count),
      outside: windows.filter((i) => stride * i + at < 0 || stride * i + at >= length),
    };
  };
  return indicesOf(w.kernel).map(([row, column]) => {
    const [a, b] = [along(0, row!), along(1, column!)];
    return {
      reads: [a.reads, b.reads],
      phase: a.phase * w.strides[1]! + b.phase,
      gives: [a.gives, b.gives],
      outside: [a.outside, b.outside],
    };
  });
}

/** Whether the layout has a form of a MaxPool's gradient, whatever the layout of its inputs. */
export function takesMaxPoolGradient(graph: Graph, node: Node): node is Node<"MaxPoolGradient"> {
  if (!isNode(node, "MaxPoolGradient") || !isMaps(graph, node.outputs[0])) return false;
  const [space, out] = node.inputs.map((name) => graph.values.get(name)!.shape.slice(2)) as [
    number[],
    number[],
  ];
  const w = windowOf(attributesOf(node), space);
  const fits = ({ after, size }: Axis): boolean => after < size;
  const taps = tapsOf(space, out, w);
  return (
    new Set(taps.map(({ phase }) => phase)).size === sizeOf(w.strides) &&
    taps.every(({ reads, gives }) => [...reads, ...gives].every(fits)) &&
    endsOf(w, space, out).every((pad, i) => pad < w.kernel[i]!)
  );
}

/**
 * MaxPool's gradient: the first place of each window that holds the maximum p gets what arrives at it,
 *
 *   m_t = [a_t = p] ,   g_t = m_t · rest ,   rest ← rest − g_t     for each place t of the window, row by row,
 *
 * a_t being what the windows see there: a strided depthwise convolution, which gives m_t in one pass with p as its sum. What
 * the places get is added up by phases of the strides, which are then interleaved.
 */
export function writeMaxPoolGradient(e: Emitter, node: Node<"MaxPoolGradient">): void {
  const [x, arrived] = node.inputs as [string, string];
  const [space, out] = [e.shape(x).slice(2), e.shape(arrived).slice(2)];
  const given = windowOf(attributesOf(node), space);
  const w = { ...given, padsEnd: endsOf(given, space, out) };
  const channels = e.padded(e.shape(x)[1]!);
  const largest = maxPooled(e, x, w);
  const taps = tapsOf(space, out, w);
  const sums = new Map<number, string>();
  let rest = e.blocked(arrived);
  taps.forEach(({ reads, phase, gives, outside }, i) => {
    const isMaximum = convolve(e, e.blocked(x), {
      ...takenAlone(e, channels, reads, -1),
      strides: w.strides,
      fused: {
        sum: withHighest(e, largest, arrived, outside),
        activation: { activation: "HardSigmoid", activation_params: floats([-GAIN, 1]) },
      },
    });
    const got = e.op("Mul", [isMaximum, rest]);
    if (i + 1 < taps.length) rest = e.op("Sub", [rest, got]);
    const sum = sums.get(phase);
    const isPlace = gives.every(({ size, after }) => size === 1 && after === 0);
    const added = isPlace
      ? sum === undefined
        ? got
        : e.op("Add", [sum, got])
      : convolve(e, got, { ...takenAlone(e, channels, gives, 1), fused: sum === undefined ? {} : { sum } });
    sums.set(phase, added);
  });
  const phases = Array.from({ length: sizeOf(w.strides) }, (_, phase) => sums.get(phase));
  e.give(node.outputs[0]!, interleaved(e, node.outputs[0]!, phases, w.strides));
}

/** A depthwise convolution that takes one place of its window, times `weight`. */
function takenAlone(e: Emitter, channels: number, [rows, columns]: readonly [Axis, Axis], weight: number) {
  const kernel = [rows.size, columns.size];
  const taps = rows.taps.flatMap((row) =>
    columns.taps.map((column) => (row === undefined || column === undefined ? 0 : weight)),
  );
  const filter = sameFilter(e, channels, kernel, taps);
  const pads = [rows.before, columns.before, rows.after, columns.after];
  return { filter, kernel, pads, group: channels };
}

/** Maxima in blocks, those of the windows named replaced by what no place holds: there the convolution reads zeros. */
function withHighest(e: Emitter, largest: string, value: string, [rows, columns]: Tap["outside"]): string {
  if (rows.length + columns.length === 0) return largest;
  const [batch, channels, height, width] = e.blockedShape(value);
  const key = `${height} ${width} outside ${rows.join()} ${columns.join()}`;
  return e.shared(`${largest} ${key}`, () => {
    const least = e.constantOf(key, () => {
      const [row, column] = [new Set(rows), new Set(columns)];
      const data = new Float32Array(height * width * e.block).map((_, i) => {
        const place = Math.floor(i / e.block);
        return row.has(Math.floor(place / width)) || column.has(place % width) ? HIGHEST : -HIGHEST;
      });
      return tensor("float32", [data.length], data);
    });
    const flat = e.reshape(largest, [(batch * channels) / e.block, height * width * e.block]);
    return e.reshape(e.op("Max", [flat, least]), [batch, channels, height, width]);
  });
}
