import type { GraphBuilder } from "../../../builder.js";
import type { Dim, Value } from "../../../graph.js";
import { Unsupported } from "../../raise.js";

type G = GraphBuilder<Dim>;
type V = Value<Dim>;
export type Activation = (g: G, x: V) => V;

interface Kind {
  /** The function's defaults, if the file gives none. */
  readonly alpha?: number;
  readonly beta?: number;
  apply(g: G, x: V, alpha: number, beta: number): V;
}

const scaled = (g: G, x: V, factor: number): V => g.op("Mul", [x, g.scalar(factor, x)]);

/** ONNX's names, in lower case. */
const KINDS: Readonly<Record<string, Kind>> = {
  relu: { apply: (g, x) => g.op("Relu", [x]) },
  tanh: { apply: (g, x) => g.op("Tanh", [x]) },
  sigmoid: { apply: (g, x) => g.op("Sigmoid", [x]) },
  softsign: { apply: (g, x) => g.op("Softsign", [x]) },
  softplus: { apply: (g, x) => g.op("Softplus", [x]) },
  elu: { alpha: 1, apply: (g, x, alpha) => g.op("Elu", [x], { alpha }) },
  leakyrelu: { alpha: 0.01, apply: (g, x, alpha) => g.op("LeakyRelu", [x], { alpha }) },
  hardsigmoid: {
    alpha: 0.2,
    beta: 0.5,
    apply: (g, x, alpha, beta) => g.op("HardSigmoid", [x], { alpha, beta }),
  },
  affine: {
    alpha: 1,
    beta: 0,
    apply: (g, x, alpha, beta) => g.op("Add", [scaled(g, x, alpha), g.scalar(beta, x)]),
  },
  scaledtanh: {
    alpha: 1,
    beta: 1,
    apply: (g, x, alpha, beta) => scaled(g, g.op("Tanh", [scaled(g, x, beta)]), alpha),
  },
  thresholdedrelu: {
    alpha: 1,
    apply: (g, x, alpha) =>
      g.op("Where", [g.op("GreaterOrEqual", [x, g.scalar(alpha, x)]), x, g.scalar(0, x)]),
  },
};

/** The functions of these names. Parameters go in order to the functions that take any. Inputs are clipped first. */
export function activationsOf(
  names: readonly string[],
  {
    alphas = [],
    betas = [],
    clip = 0,
    isClipped = () => true,
  }: {
    readonly alphas?: readonly number[] | undefined;
    readonly betas?: readonly number[] | undefined;
    readonly clip?: number | undefined;
    readonly isClipped?: (index: number) => boolean;
  },
): readonly Activation[] {
  const [restAlphas, restBetas] = [[...alphas], [...betas]];
  return names.map((name, i) => {
    const key = name.toLowerCase();
    const kind = Object.hasOwn(KINDS, key) ? KINDS[key] : undefined;
    if (kind === undefined) throw new Unsupported(`its activation "${name.slice(0, 40)}" is not known`);
    const alpha = kind.alpha === undefined ? 0 : (restAlphas.shift() ?? kind.alpha);
    const beta = kind.beta === undefined ? 0 : (restBetas.shift() ?? kind.beta);
    return (g, x) =>
      kind.apply(
        g,
        clip > 0 && isClipped(i) ? g.op("Clip", [x, g.scalar(-clip, x), g.scalar(clip, x)]) : x,
        alpha,
        beta,
      );
  });
}
