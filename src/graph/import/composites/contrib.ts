/** Operators in ONNX Runtime's own domain, as written by its optimiser and its transformer tools. */
import type { GraphBuilder } from "../../builder.js";
import { OP_CATALOGUE } from "../../catalogue/index.js";
import type { Dim, Value } from "../../graph.js";
import { raise, Unsupported, type Raise } from "../raise.js";

type G = GraphBuilder<Dim>;
type V = Value<Dim>;

/** Applies the activation fused into a convolution or a matrix product, with its parameters in order. */
function activated(g: G, x: V, name: string | undefined, [a, b]: readonly (number | undefined)[]): V {
  switch (name) {
    case undefined:
    case "":
      return x;
    case "Relu":
    case "Sigmoid":
    case "Tanh":
      return g.op(name, [x]);
    case "LeakyRelu":
      return g.op("LeakyRelu", [x], { alpha: a ?? 0.01 });
    case "Clip":
      return g.op("Clip", [x, g.scalar(a ?? -3.4e38), g.scalar(b ?? 3.4e38)]);
    case "HardSigmoid":
      return g.op("HardSigmoid", [x], { alpha: a ?? 0.2, beta: b ?? 0.5 });
    default:
      throw new Unsupported(`its activation "${name.slice(0, 40)}" is not known`);
  }
}

const fusedConv = raise({
  attributes: {
    ...OP_CATALOGUE.Conv.attributes,
    activation: { kind: "string" },
    activation_params: { kind: "floats", default: [] },
  },
  emit: ({ g, inputs: [x, w, bias, sum], attributes }) => {
    const { activation, activation_params: parameters, ...window } = attributes;
    const maps = g.op("Conv", [x, w, bias], window);
    return [activated(g, sum ? g.op("Add", [maps, sum]) : maps, activation, parameters)];
  },
});

const fusedGemm = raise({
  attributes: {
    ...OP_CATALOGUE.Gemm.attributes,
    activation: { kind: "string" },
    activation_alpha: { kind: "float" },
    activation_beta: { kind: "float" },
    activation_gamma: { kind: "float" },
  },
  emit: ({ g, inputs, attributes: { alpha, beta, transA, transB, ...rest } }) => [
    activated(g, g.op("Gemm", inputs, { alpha, beta, transA, transB }), rest.activation, [
      rest.activation_alpha,
      rest.activation_beta,
    ]),
  ],
});

function swapped(g: G, x: V): V {
  const rank = x.shape.length;
  const perm = x.shape.map((_, i) => (i === rank - 1 ? rank - 2 : i === rank - 2 ? rank - 1 : i));
  return rank < 2 ? x : g.op("Transpose", [x], { perm });
}

const fusedMatMul = raise({
  attributes: {
    alpha: { kind: "float", default: 1 },
    transA: { kind: "int", default: 0 },
    transB: { kind: "int", default: 0 },
    transBatchA: { kind: "int", default: 0 },
    transBatchB: { kind: "int", default: 0 },
  },
  emit: ({ g, inputs: [a, b], attributes: { alpha, transA, transB, transBatchA, transBatchB } }) => {
    if (transBatchA !== 0 || transBatchB !== 0) throw new Unsupported("transposes the batch");
    const product = g.op("MatMul", [transA ? swapped(g, a!) : a!, transB ? swapped(g, b!) : b!]);
    return [alpha === 1 ? product : g.op("Mul", [product, g.scalar(alpha, product)])];
  },
});

/** Normalises the sum of two values and a bias over the last axis, with scale and shift. */
const skipLayerNormalization = (simplified: boolean): Raise =>
  raise({
    attributes: { epsilon: { kind: "float", default: 1e-12 } },
    emit: ({ g, inputs, attributes: { epsilon }, node }) => {
      const [x, skip, gamma] = inputs;
      const [beta, bias] = simplified ? [undefined, inputs[3]] : [inputs[3], inputs[4]];
      const pair = g.op("Add", [x, skip]);
      const sum = bias === undefined ? pair : g.op("Add", [pair, bias]);
      if (node.outputs[1] || node.outputs[2]) throw new Unsupported("its statistics are used");
      const normal = simplified
        ? rootMeanSquare(g, sum, gamma!, epsilon, -1)
        : g.op("LayerNormalization", [sum, gamma, beta], { axis: -1, epsilon });
      return node.outputs[3] ? [normal, normal, normal, sum] : [normal];
    },
  });

/** x / √(mean x² + ε) · γ, over the axes from `axis` on */
function rootMeanSquare(g: G, x: V, gamma: V, epsilon: number, axis: number): V {
  const first = axis < 0 ? axis + x.shape.length : axis;
  const axes = x.shape.flatMap((_, i) => (i >= first ? [i] : []));
  const mean = g.op("ReduceMean", [g.op("Mul", [x, x]), g.ints(axes)], { keepdims: 1 });
  const root = g.op("Sqrt", [g.op("Add", [mean, g.scalar(epsilon, x)])]);
  return g.op("Mul", [g.op("Div", [x, root]), gamma]);
}

const simplifiedLayerNormalization = raise({
  attributes: {
    axis: { kind: "int", default: -1 },
    epsilon: { kind: "float", default: 1e-5 },
    stash_type: { kind: "int", default: 1 },
  },
  emit: ({ g, inputs: [x, gamma], attributes: { axis, epsilon } }) => [
    rootMeanSquare(g, x!, gamma!, epsilon, axis),
  ],
});

const withBias = (g: G, x: V, bias: V | undefined): V => (bias === undefined ? x : g.op("Add", [x, bias]));

/** Softmax of a value plus a bias, over all axes from `axis` on as before opset 13. */
const biasSoftmax = raise({
  attributes: { axis: { kind: "int", default: 1 }, is_inner_broadcast: { kind: "int", default: 1 } },
  emit: ({ g, inputs: [x, bias], attributes: { axis } }) => {
    const rank = x!.shape.length;
    if ((axis + rank) % rank !== rank - 1) throw new Unsupported("is over several axes");
    return [g.op("Softmax", [g.op("Add", [x, bias])], { axis: -1 })];
  },
});

/** Linear or normalised attention over `heads`, `[N, L, heads · d]` each: softmax(scale · Q Kᵀ + mask) V */
interface Attention {
  readonly q: V;
  readonly k: V;
  readonly v: V;
  readonly heads: number;
  readonly scale: number | undefined;
  readonly bias?: V | undefined;
}

export function attend(g: G, { q, k, v, heads, scale, bias }: Attention): V {
  const split = (x: V): V => {
    const [, length, width] = x.shape;
    if (typeof length !== "number" || typeof width !== "number")
      throw new Unsupported("its lengths are open");
    const parts = g.op("Reshape", [x, g.ints([0, length, heads, width / heads])]);
    return g.op("Transpose", [parts], { perm: [0, 2, 1, 3] });
  };
  const [query, key, value] = [split(q), split(k), split(v)];
  const width = query.shape[3] as number;
  const factor = scale === undefined || scale === 0 ? 1 / Math.sqrt(width) : scale;
  const scores = g.op("Mul", [g.op("MatMul", [query, swapped(g, key)]), g.scalar(factor, q)]);
  const weights = g.op("Softmax", [withBias(g, scores, bias)], { axis: -1 });
  const mixed = g.op("Transpose", [g.op("MatMul", [weights, value])], { perm: [0, 2, 1, 3] });
  const [, length, , each] = mixed.shape as [Dim, number, number, number];
  return g.op("Reshape", [mixed, g.ints([0, length, heads * each])]);
}

function refuseOthers(what: string, others: readonly unknown[]): void {
  if (others.some((each) => each !== undefined)) throw new Unsupported(what);
}

const attention = raise({
  attributes: {
    num_heads: { kind: "int", required: true },
    qkv_hidden_sizes: { kind: "ints" },
    scale: { kind: "float" },
    unidirectional: { kind: "int", default: 0 },
    mask_filter_value: { kind: "float" },
    do_rotary: { kind: "int", default: 0 },
    past_present_share_buffer: { kind: "int" },
    rotary_embedding_dim: { kind: "int" },
  },
  emit: ({ g, inputs, attributes }) => {
    const [x, weight, bias, mask, past, extra, ...rest] = inputs;
    refuseOthers("a mask or a past is used", [mask, past, ...rest]);
    if (attributes.unidirectional !== 0 || attributes.do_rotary !== 0)
      throw new Unsupported("is causal or rotary");
    const width = (weight!.shape[1] as number) / 3;
    const sizes = attributes.qkv_hidden_sizes ?? [width, width, width];
    const joined = withBias(g, g.op("MatMul", [x, weight]), bias);
    const [q, k, v] = g.ops("Split", [joined, g.ints(sizes)], { axis: -1 }, { outputs: 3 });
    return [
      attend(g, { q: q!, k: k!, v: v!, heads: attributes.num_heads, scale: attributes.scale, bias: extra }),
    ];
  },
});

const multiHeadAttention = raise({
  attributes: {
    num_heads: { kind: "int", required: true },
    scale: { kind: "float" },
    mask_filter_value: { kind: "float" },
    unidirectional: { kind: "int", default: 0 },
  },
  emit: ({ g, inputs, attributes }) => {
    const [q, k, v, bias, mask, extra, ...past] = inputs;
    refuseOthers("a mask or a past is used", [mask, ...past]);
    if (attributes.unidirectional !== 0) throw new Unsupported("is causal");
    if (!k || !v || [q!, k, v].some(({ shape }) => shape.length !== 3))
      throw new Unsupported("its inputs are packed");
    const sizes = [q!, k, v].map(({ shape }) => shape[2] as number);
    const parts =
      bias === undefined ? [] : g.ops("Split", [bias, g.ints(sizes)], { axis: 0 }, { outputs: 3 });
    const [query, key, value] = [q!, k, v].map((each, i) => withBias(g, each, parts[i]));
    return [
      attend(g, {
        q: query!,
        k: key!,
        v: value!,
        heads: attributes.num_heads,
        scale: attributes.scale,
        bias: extra,
      }),
    ];
  },
});

export const CONTRIB: Readonly<Record<string, Raise>> = {
  "com.microsoft.FusedConv": fusedConv,
  "com.microsoft.FusedGemm": fusedGemm,
  "com.microsoft.FusedMatMul": fusedMatMul,
  "com.microsoft.TransposeMatMul": fusedMatMul,
  "com.microsoft.Gelu": raise({ attributes: {}, emit: ({ g, inputs: [x] }) => [g.op("Gelu", [x])] }),
  "com.microsoft.BiasGelu": raise({
    attributes: {},
    emit: ({ g, inputs: [x, bias] }) => [g.op("Gelu", [g.op("Add", [x, bias])])],
  }),
  "com.microsoft.FastGelu": raise({
    attributes: {},
    emit: ({ g, inputs: [x, bias] }) => [g.op("Gelu", [withBias(g, x!, bias)], { approximate: "tanh" })],
  }),
  /** x · σ(αx) */
  "com.microsoft.QuickGelu": raise({
    attributes: { alpha: { kind: "float", default: 1.702 } },
    emit: ({ g, inputs: [x], attributes: { alpha } }) => [
      g.op("Mul", [x, g.op("Sigmoid", [g.op("Mul", [x, g.scalar(alpha, x)])])]),
    ],
  }),
  "com.microsoft.BiasAdd": raise({
    attributes: {},
    emit: ({ g, inputs: [x, bias, skip] }) => [g.op("Add", [g.op("Add", [x, bias]), skip])],
  }),
  "com.microsoft.BiasSoftmax": biasSoftmax,
  "com.microsoft.SkipLayerNormalization": skipLayerNormalization(false),
  "com.microsoft.SkipSimplifiedLayerNormalization": skipLayerNormalization(true),
  /** In the default domain, although ONNX has no such op. */
  SimplifiedLayerNormalization: simplifiedLayerNormalization,
  "com.microsoft.Attention": attention,
  "com.microsoft.MultiHeadAttention": multiHeadAttention,
};
