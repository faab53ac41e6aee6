import { sizeOf, tensor, toNumbers, type Tensor } from "../../../tensor/index.js";
import type { GraphBuilder } from "../../builder.js";
import type { Dim, Value } from "../../graph.js";
import { broadcastShapes } from "../../infer.js";
import { broadcastStrides, strided } from "../../passes/evaluate-elements.js";
import { raise, Unsupported, type Raise } from "../raise.js";

type G = GraphBuilder<Dim>;
type V = Value<Dim>;

const int = { kind: "int" } as const;

/**
 * Attention: y = softmax(cap(scale · Q Kᵀ) + bias) V, cap(s) = softcap · tanh(s / softcap)
 *
 * Shapes: Q `[B, heads, S, D]`, K `[B, kv heads, T, D]`, V `[B, kv heads, T, Dv]`, or `[B, S, heads · D]` and so on.
 * Each head of K and V serves an equal number of Q's heads. The bias is −∞ where the mask, causality or the window
 * hides a key; a query that sees no key at all gives zeros.
 */
export const attention: Raise = raise({
  attributes: {
    is_causal: { kind: "int", default: 0 },
    kv_num_heads: int,
    q_num_heads: int,
    qk_matmul_output_mode: { kind: "int", default: 0 },
    scale: { kind: "float" },
    softcap: { kind: "float", default: 0 },
    softmax_precision: int,
    left_window_size: { kind: "int", default: -1 },
    right_window_size: { kind: "int", default: -1 },
  },
  emit: ({ g, inputs, attributes }) => {
    const [q, k, v, mask, pastKey, pastValue, filled] = inputs;
    if (k === undefined || v === undefined) throw new Unsupported("needs keys and values");
    if (filled !== undefined) throw new Unsupported("its nonpad_kv_seqlen is not supported");
    const { softcap, qk_matmul_output_mode: mode } = attributes;
    const query = byHeads(g, q!, attributes.q_num_heads);
    const key = joined(g, pastKey, byHeads(g, k, attributes.kv_num_heads));
    const value = joined(g, pastValue, byHeads(g, v, attributes.kv_num_heads));
    const { scale = 1 / Math.sqrt(numberOf(query, 3)) } = attributes;
    const scaled = g.op("Mul", [query, g.scalar(scale, query)]);
    const raw = perHead(g, scaled, g.op("Transpose", [key], { perm: [0, 1, 3, 2] }));
    const capped = softcap > 0 ? cap(g, raw, softcap) : raw;
    const before = pastKey === undefined ? 0 : numberOf(pastKey, 2);
    const hidden = biasOf(g, mask, visible(attributes, before), raw);
    const biased = hidden === undefined ? capped : g.op("Add", [capped, hidden.bias]);
    const spread = g.op("Softmax", [biased], { axis: -1 });
    const weights = hidden?.sees === undefined ? spread : g.op("Mul", [spread, hidden.sees]);
    const y = perHead(g, weights, value);
    return [
      q!.shape.length === 3 ? besideEachOther(g, y) : y,
      key,
      value,
      [raw, capped, biased, weights][mode] ?? raw,
    ];
  },
});

/** `[B, S, heads · D]` → `[B, heads, S, D]`, unless it already has that shape. */
function byHeads(g: G, x: V, heads: number | undefined): V {
  if (x.shape.length === 4) return x;
  if (x.shape.length !== 3 || heads === undefined || !(heads > 0)) {
    throw new Unsupported(`[${x.shape.join(", ")}] needs the number of heads`);
  }
  const split = g.op("Reshape", [x, g.ints([0, 0, heads, numberOf(x, 2) / heads])]);
  return g.op("Transpose", [split], { perm: [0, 2, 1, 3] });
}

/** `[B, heads, S, D]` → `[B, S, heads · D]` */
function besideEachOther(g: G, y: V): V {
  const hidden = numberOf(y, 1) * numberOf(y, 3);
  return g.op("Reshape", [g.op("Transpose", [y], { perm: [0, 2, 1, 3] }), g.ints([0, 0, hidden])]);
}

function joined(g: G, past: V | undefined, present: V): V {
  return past === undefined ? present : g.op("Concat", [past, present], { axis: 2 });
}

/** `[B, heads, S, D]` @ `[B, kv heads, D, E]`: heads that share one on the right form a separate axis. */
function perHead(g: G, left: V, right: V): V {
  const [heads, shared] = [numberOf(left, 1), numberOf(right, 1)];
  if (heads === shared) return g.op("MatMul", [left, right]);
  if (!Number.isInteger(heads / shared)) throw new Unsupported(`${heads} heads cannot share ${shared}`);
  const [rows, inner, columns] = [numberOf(left, 2), numberOf(left, 3), numberOf(right, 3)];
  const grouped = g.op("Reshape", [left, g.ints([0, shared, heads / shared, rows, inner])]);
  const product = g.op("MatMul", [grouped, g.op("Unsqueeze", [right, g.ints([2])])]);
  return g.op("Reshape", [product, g.ints([0, heads, rows, columns])]);
}

function cap(g: G, scores: V, softcap: number): V {
  const most = g.scalar(softcap, scores);
  return g.op("Mul", [g.op("Tanh", [g.op("Div", [scores, most])]), most]);
}

/** Whether causality and the window let query `i` see key `j`; undefined if they hide nothing. */
type Visible = ((i: number, j: number) => boolean) | undefined;

function visible(
  attributes: {
    readonly is_causal: number;
    readonly left_window_size: number;
    readonly right_window_size: number;
  },
  before: number,
): Visible {
  const { left_window_size: left, right_window_size: right } = attributes;
  const causal = attributes.is_causal === 1;
  if (!causal && left < 0 && right < 0) return undefined;
  return (i, j) => {
    const ahead = j - (before + i);
    return !(causal && ahead > 0) && !(left >= 0 && -ahead > left) && !(right >= 0 && ahead > right);
  };
}

interface Hidden {
  /** −∞ where a key is hidden; 0 in the rows that see none. */
  readonly bias: V;
  /** 0 for the rows that see no key, else 1; undefined if there are none. */
  readonly sees: V | undefined;
}

/** The bias that is added to scores `[B, heads, S, T]`; undefined if there is none. */
function biasOf(g: G, mask: V | undefined, isVisible: Visible, scores: V): Hidden | undefined {
  if (mask === undefined && isVisible === undefined) return undefined;
  const given = mask === undefined ? tensor("float32", [], Float32Array.of(0)) : g.constantOf(mask);
  if (given !== undefined) return constantBias(g, given, isVisible, scores);
  const fixed = isVisible && constantBias(g, tensor("float32", [], Float32Array.of(0)), isVisible, scores);
  const low = g.scalar(-Infinity, scores);
  const padded = lengthened(g, mask!, scores);
  const own = padded.dtype === "bool" ? g.op("Where", [padded, g.scalar(0, scores), low]) : padded;
  const bias = fixed === undefined ? own : g.op("Add", [own, fixed.bias]);
  const empty = g.op("Equal", [g.op("ReduceMax", [bias, g.ints([-1])], { keepdims: 1 }), low]);
  return {
    bias: g.op("Where", [empty, g.scalar(0, scores), bias]),
    sees: g.op("Cast", [g.op("Not", [empty])], { to: scores.dtype }),
  };
}

/** A mask shorter than the keys hides the rest. */
function lengthened(g: G, mask: V, scores: V): V {
  const last = mask.shape.length - 1;
  if (mask.shape[last] === scores.shape[3]) return mask;
  const missing = numberOf(scores, 3) - numberOf(mask, last);
  if (mask.dtype === "bool") throw new Unsupported("its mask is shorter than the keys");
  const pads = [...mask.shape.map(() => 0), ...mask.shape.map((_, axis) => (axis === last ? missing : 0))];
  return g.op("Pad", [mask, g.ints(pads), g.scalar(-Infinity, mask)]);
}

function constantBias(g: G, mask: Tensor, isVisible: Visible, scores: V): Hidden {
  const [queries, keys] = [numberOf(scores, 2), numberOf(scores, 3)];
  const length = mask.shape.at(-1) ?? keys;
  // A mask shorter than the keys hides the rest.
  const known = mask.shape.length === 0 ? keys : length === 1 ? keys : length;
  const rows = mask.shape.length > 1 ? [] : [1];
  const own = isVisible === undefined ? [...rows, known] : [queries, known];
  const shape = broadcastShapes(mask.shape, own) as number[];
  const numbers = toNumbers({
    ...mask,
    data: strided(mask, shape, broadcastStrides(mask.shape, shape), 0),
  });
  const full = [...shape.slice(0, -1), keys];
  const bias = new Float32Array(sizeOf(full)).fill(-Infinity);
  const sees = new Float32Array(bias.length / keys);
  for (let row = 0; row < sees.length; row++) {
    for (let j = 0; j < known; j++) {
      if (isVisible?.(row % queries, j) === false) continue;
      const number = numbers[row * known + j]!;
      bias[row * keys + j] = mask.dtype !== "bool" ? number : number === 0 ? -Infinity : 0;
    }
    const isEmpty = bias.subarray(row * keys, (row + 1) * keys).every((each) => each === -Infinity);
    sees[row] = isEmpty ? 0 : 1;
    if (isEmpty) bias.fill(0, row * keys, (row + 1) * keys);
  }
  return {
    bias: g.constant(tensor("float32", full, bias)),
    sees: sees.includes(0) ? g.constant(tensor("float32", [...full.slice(0, -1), 1], sees)) : undefined,
  };
}

function numberOf({ shape }: V, axis: number): number {
  const dim = shape[axis];
  if (typeof dim !== "number") throw new Unsupported(`axis ${axis} of [${shape.join(", ")}] must be known`);
  return dim;
}
