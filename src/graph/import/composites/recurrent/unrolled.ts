import { toNumbers } from "../../../../tensor/index.js";
import type { AttributeSpecs, Read } from "../../../attributes.js";
import type { GraphBuilder } from "../../../builder.js";
import type { Dim, Value } from "../../../graph.js";
import { Unsupported, type RaiseContext } from "../../raise.js";
import { activationsOf, type Activation } from "./activation.js";

type G = GraphBuilder<Dim>;
type V = Value<Dim>;

/** Most steps to unroll. Each adds about a dozen nodes. */
const MOST_STEPS = 1024;

export const RECURRENT_ATTRIBUTES = {
  activations: { kind: "strings" },
  activation_alpha: { kind: "floats" },
  activation_beta: { kind: "floats" },
  clip: { kind: "float" },
  direction: { kind: "string", default: "forward" },
  hidden_size: { kind: "int" },
  layout: { kind: "int", default: 0 },
} as const satisfies AttributeSpecs;

/** The state of a cell. Before the first step it may be missing, which means zeros. */
export interface State {
  readonly h: V | undefined;
  /** The cell state of an LSTM. */
  readonly c?: V | undefined;
}

/** One direction's parameters. */
export interface Cell {
  /** Hidden units. */
  readonly size: number;
  /** `[input, gates · size]` and `[size, gates · size]`. */
  readonly input: V;
  readonly recurrent: V;
  /** `[gates · size]` each, for the input and for the recurrence. */
  readonly biases: readonly [V, V] | undefined;
  /** `[3 · size]`: those of an LSTM's input, output and forget gates. */
  readonly peepholes: V | undefined;
  readonly activations: readonly Activation[];
}

/** A kind of cell with its parameters. */
export interface Steps {
  /** Added to the inputs' part, `[gates · size]`. */
  readonly bias: V | undefined;
  /** `x` is `[B, gates · size]`: the inputs' part, bias included. */
  step(x: V, state: State): State & { readonly h: V };
}

export interface CellKind {
  readonly gates: number;
  readonly activations: readonly string[];
  /** The activation whose input is not clipped, as in ONNX Runtime: an LSTM's for the cell state. */
  readonly unclipped?: number;
  steps(g: G, cell: Cell): Steps;
}

/**
 * A recurrent layer, unrolled over a sequence of known length.
 *
 * Shapes: x `[T, B, input]`, the states `[directions, B, size]`, y `[T, directions, B, size]`; with layout 1 the batch
 * comes first.
 *
 * @param given the inputs by their roles.
 */
export function unrolled(
  { g, attributes }: Pick<RaiseContext<typeof RECURRENT_ATTRIBUTES>, "g" | "attributes">,
  kind: CellKind,
  given: Inputs,
): readonly V[] {
  const { layout, direction } = attributes;
  if (given.w === undefined || given.r === undefined) throw new Unsupported("needs its weights");
  const x = layout === 1 ? g.op("Transpose", [given.x], { perm: [1, 0, 2] }) : given.x;
  const length = x.shape[0];
  if (x.shape.length !== 3 || typeof length !== "number" || length < 1 || length > MOST_STEPS) {
    throw new Unsupported(`is over [${x.shape.join(", ")}]; 1 to ${MOST_STEPS} steps can be unrolled`);
  }
  checkLengths(g, given.lengths, length);
  const order = { forward: [false], reverse: [true], bidirectional: [false, true] }[direction];
  if (order === undefined) throw new Unsupported(`its direction "${direction.slice(0, 40)}" is not known`);
  const cells = cellsOf(g, attributes, kind, given, order.length);
  const states = [given.h, given.c].map((value) => parts(g, value, order.length, layout === 1 ? 1 : 0));
  const runs = order.map((isReverse, i) =>
    run(
      g,
      x,
      { input: cells[i]!.input, ...kind.steps(g, cells[i]!) },
      { h: states[0]![i], c: states[1]![i] },
      isReverse,
    ),
  );
  const last = (values: readonly V[]): V => {
    const stacked = stack(g, values, 0);
    return layout === 1 ? g.op("Transpose", [stacked], { perm: [1, 0, 2] }) : stacked;
  };
  const y = stack(
    g,
    runs.map(({ outputs }) => stack(g, outputs, 0)),
    1,
  );
  const carried = runs.flatMap(({ state }) => state.c ?? []);
  return [
    layout === 1 ? g.op("Transpose", [y], { perm: [2, 0, 1, 3] }) : y,
    last(runs.map(({ state }) => state.h)),
    ...(carried.length > 0 ? [last(carried)] : []),
  ];
}

export interface Inputs {
  readonly x: V;
  readonly w: V | undefined;
  readonly r: V | undefined;
  readonly b: V | undefined;
  readonly lengths: V | undefined;
  readonly h: V | undefined;
  readonly c?: V | undefined;
  readonly peepholes?: V | undefined;
}

/** Accepts lengths only if they are the full length. */
function checkLengths(g: G, lengths: V | undefined, length: number): void {
  if (lengths === undefined) return;
  const known = g.constantOf(lengths);
  if (known === undefined || toNumbers(known).some((each) => each !== length)) {
    throw new Unsupported("its sequence_lens must be known and equal to the whole length");
  }
}

function cellsOf(
  g: G,
  attributes: Read<typeof RECURRENT_ATTRIBUTES>,
  kind: CellKind,
  given: Inputs,
  directions: number,
): readonly Cell[] {
  const [w, r, b, p] = [given.w, given.r, given.b, given.peepholes].map((value) =>
    parts(g, value, directions, 0),
  );
  const defaults = Array.from({ length: directions }, () => kind.activations).flat();
  // The default in ONNX's specification of RNN always lists two directions.
  const names = attributes.activations ?? defaults;
  if (names.length < defaults.length)
    throw new Unsupported(`has ${names.length} activations, expected ${defaults.length}`);
  const all = activationsOf(names, {
    alphas: attributes.activation_alpha,
    betas: attributes.activation_beta,
    clip: attributes.clip,
    isClipped: (i) => i % kind.activations.length !== kind.unclipped,
  });
  const size = given.r!.shape[2];
  const wanted = attributes.hidden_size ?? size;
  if (typeof size !== "number" || size !== wanted || given.r!.shape[1] !== kind.gates * size) {
    throw new Unsupported(`its weights [${given.r!.shape.join(", ")}] do not fit ${wanted} units`);
  }
  return w!.map((weights, i): Cell => {
    const bias = b![i];
    return {
      size,
      input: g.op("Transpose", [weights], { perm: [1, 0] }),
      recurrent: g.op("Transpose", [r![i]], { perm: [1, 0] }),
      biases: bias && (pieces(g, bias, [kind.gates * size, kind.gates * size], 0) as [V, V]),
      peepholes: p![i],
      activations: all.slice(i * kind.activations.length, (i + 1) * kind.activations.length),
    };
  });
}

/** Splits a value by direction and drops that axis. */
function parts(g: G, value: V | undefined, directions: number, axis: number): readonly (V | undefined)[] {
  if (value === undefined) return Array.from({ length: directions }, () => undefined);
  const each = pieces(
    g,
    value,
    Array.from({ length: directions }, () => 1),
    axis,
  );
  return each.map((piece) => g.op("Squeeze", [piece, g.ints([axis])]));
}

export function pieces(g: G, value: V, sizes: readonly number[], axis: number): readonly V[] {
  if (sizes.length === 1) return [value];
  return g.ops("Split", [value, g.ints(sizes)], { axis }, { outputs: sizes.length });
}

function stack(g: G, values: readonly V[], axis: number): V {
  const apart = values.map((value) => g.op("Unsqueeze", [value, g.ints([axis])]));
  return apart.length === 1 ? apart[0]! : g.op("Concat", apart, { axis });
}

interface Run {
  /** In the order of the sequence. */
  readonly outputs: readonly V[];
  readonly state: State & { readonly h: V };
}

function run(
  g: G,
  x: V,
  { input, bias, step }: Steps & { readonly input: V },
  start: State,
  isReverse: boolean,
): Run {
  const product = g.op("MatMul", [x, input]);
  const projected = bias === undefined ? product : g.op("Add", [product, bias]);
  const length = x.shape[0] as number;
  const each = pieces(
    g,
    projected,
    Array.from({ length }, () => 1),
    0,
  );
  const places = Array.from({ length }, (_, i) => (isReverse ? length - 1 - i : i));
  const outputs: V[] = [];
  let state: State = start;
  for (const place of places) {
    state = step(g.op("Squeeze", [each[place], g.ints([0])]), state);
    outputs[place] = state.h!;
  }
  return { outputs, state: state as Run["state"] };
}
