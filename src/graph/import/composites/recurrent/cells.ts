import type { GraphBuilder } from "../../../builder.js";
import { tensor } from "../../../../tensor/index.js";
import type { Dim, Value } from "../../../graph.js";
import { pieces, type Cell, type CellKind, type Steps } from "./unrolled.js";

type G = GraphBuilder<Dim>;
type V = Value<Dim>;

/** The sum; a missing value counts as zeros. */
function plus(g: G, a: V, b: V | undefined): V {
  return b === undefined ? a : g.op("Add", [a, b]);
}

function times(g: G, a: V, b: V | undefined): V | undefined {
  return b === undefined ? undefined : g.op("Mul", [a, b]);
}

const bothBiases = (g: G, { biases }: Cell): V | undefined => biases && g.op("Add", [...biases]);

/** Hₜ = f(Xₜ Wᵀ + Hₜ₋₁ Rᵀ + b) */
export const RNN: CellKind = {
  gates: 1,
  activations: ["Tanh"],
  steps: (g, cell): Steps => ({
    bias: bothBiases(g, cell),
    step(x, { h }) {
      const recurrent = h && g.op("MatMul", [h, cell.recurrent]);
      return { h: cell.activations[0]!(g, plus(g, x, recurrent)) };
    },
  }),
};

/**
 * With the gates' inputs a = Xₜ Wᵀ + Hₜ₋₁ Rᵀ + b, in the order i, o, f, c:
 *
 *   i = f(aᵢ + Pᵢ Cₜ₋₁)     φ = f(a_f + P_f Cₜ₋₁), or 1 − i if the two gates are coupled
 *   Cₜ = φ Cₜ₋₁ + i g(a_c)     Hₜ = f(aₒ + Pₒ Cₜ) h(Cₜ)
 */
export const lstm = (isCoupled: boolean): CellKind => ({
  gates: 4,
  activations: ["Sigmoid", "Tanh", "Tanh"],
  unclipped: 2,
  steps(g, cell): Steps {
    const { size, peepholes } = cell;
    const [f, candidate, hidden] = cell.activations;
    const [pI, pO, pF] = peepholes === undefined ? [] : pieces(g, peepholes, [size, size, size], 0);
    const peep = (gate: V, p: V | undefined, c: V | undefined): V => plus(g, gate, p && times(g, p, c));
    return {
      bias: bothBiases(g, cell),
      step(x, { h, c }) {
        const all = plus(g, x, h && g.op("MatMul", [h, cell.recurrent]));
        const [aI, aO, aF, aC] = pieces(g, all, [size, size, size, size], 1) as [V, V, V, V];
        const input = f!(g, peep(aI, pI, c));
        const forget = (): V =>
          isCoupled ? g.op("Sub", [g.scalar(1, input), input]) : f!(g, peep(aF, pF, c));
        const fresh = g.op("Mul", [input, candidate!(g, aC)]);
        const carried = c === undefined ? fresh : g.op("Add", [g.op("Mul", [forget(), c]), fresh]);
        const output = f!(g, peep(aO, pO, carried));
        return { h: g.op("Mul", [output, hidden!(g, carried)]), c: carried };
      },
    };
  },
});

/**
 * z, r = f(Xₜ Wᵀ + Hₜ₋₁ Rᵀ + b), and the candidate
 *
 *   n = g(Xₜ Wₕᵀ + (r Hₜ₋₁) Rₕᵀ + b),     or g(Xₜ Wₕᵀ + bW + r (Hₜ₋₁ Rₕᵀ + bR)) if the reset comes last
 *
 * mixed as Hₜ = (1 − z) n + z Hₜ₋₁.
 */
export const gru = (resetsLast: boolean): CellKind => ({
  gates: 3,
  activations: ["Sigmoid", "Tanh"],
  steps(g, cell): Steps {
    const { size, biases } = cell;
    const [f, candidate] = cell.activations;
    const [gates, inner] = pieces(g, cell.recurrent, [2 * size, size], 1) as [V, V];
    const [gateBias, innerBias] = biases === undefined ? [] : pieces(g, biases[1], [2 * size, size], 0);
    const zeros = g.constant(tensor("float32", [size], new Float32Array(size)));
    const early = resetsLast && gateBias ? g.op("Concat", [gateBias, zeros], { axis: 0 }) : biases?.[1];
    const late = resetsLast ? innerBias : undefined;
    return {
      bias: biases && early && g.op("Add", [biases[0], early]),
      step(x, { h }) {
        const [xGates, xInner] = pieces(g, x, [2 * size, size], 1) as [V, V];
        const both = f!(g, plus(g, xGates, h && g.op("MatMul", [h, gates])));
        const [z, r] = pieces(g, both, [size, size], 1) as [V, V];
        const recurrent = (): V | undefined => {
          if (!resetsLast) return h && g.op("MatMul", [g.op("Mul", [r, h]), inner]);
          const product = h && g.op("MatMul", [h, inner]);
          return times(g, r, product === undefined ? late : plus(g, product, late));
        };
        const n = candidate!(g, plus(g, xInner, recurrent()));
        const kept = g.op("Mul", [g.op("Sub", [g.scalar(1, z), z]), n]);
        return { h: plus(g, kept, times(g, z, h)) };
      },
    };
  },
});
