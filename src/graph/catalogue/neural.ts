import { sameShape, sizeOf } from "../../tensor/index.js";
import type { Read } from "../attributes.js";
import type { Dim } from "../graph.js";
import {
  broadcastShapes,
  checkInts,
  known,
  normaliseAxis,
  operator,
  ShapeError,
  type InferContext,
  type OpSpec,
  type OutputType,
} from "../infer.js";

const window = {
  kernel_shape: { kind: "ints" },
  strides: { kind: "ints" },
  pads: { kind: "ints" },
  dilations: { kind: "ints" },
  auto_pad: { kind: "string", default: "NOTSET" },
} as const;

const convolution = { ...window, group: { kind: "int", default: 1 } } as const;
const pooling = { ...window, ceil_mode: { kind: "int", default: 0 } } as const;

export type WindowAttributes = Read<typeof window>;

/** Kernel, strides, begin/end pads and dilations of a sliding window, every default filled in. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  readonly dilations: readonly number[];
}

const AUTO_PADS: ReadonlySet<string> = new Set(["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]);

/** Reads the window of a convolution or pooling over `spatial` dimensions. */
export function windowOf(
  attributes: WindowAttributes,
  spatial: readonly number[],
  kernelShape?: readonly number[],
): Window {
  const kernel = attributes.kernel_shape ?? kernelShape;
  if (kernel?.length !== spatial.length) {
    throw new ShapeError(
      `kernel_shape must have ${spatial.length} numbers, found [${kernel?.join(", ") ?? ""}]`,
    );
  }
  const strides = attributes.strides ?? kernel.map(() => 1);
  const dilations = attributes.dilations ?? kernel.map(() => 1);
  const autoPad = attributes.auto_pad;
  const count = kernel.length;
  for (const [what, values] of Object.entries({ kernel_shape: kernel, strides, dilations })) {
    checkInts(values, what, { count, least: 1 });
  }
  if (!AUTO_PADS.has(autoPad)) throw new ShapeError(`there is no auto_pad "${autoPad}"`);
  if (autoPad === "NOTSET" || autoPad === "VALID") {
    const pads = (autoPad === "NOTSET" ? attributes.pads : undefined) ?? [...kernel, ...kernel].map(() => 0);
    checkInts(pads, "pads", { count: 2 * count, least: 0 });
    return {
      kernel,
      strides,
      padsBegin: pads.slice(0, kernel.length),
      padsEnd: pads.slice(kernel.length),
      dilations,
    };
  }
  const totals = spatial.map((length, i) =>
    Math.max(
      0,
      (Math.ceil(length / strides[i]!) - 1) * strides[i]! + dilations[i]! * (kernel[i]! - 1) + 1 - length,
    ),
  );
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total, i) => total - small[i]!);
  const upper = autoPad === "SAME_UPPER";
  return { kernel, strides, padsBegin: upper ? small : large, padsEnd: upper ? large : small, dilations };
}

/** Output length of a sliding window along each axis. */
export function windowOutput(spatial: readonly number[], w: Window, ceil = false): number[] {
  return spatial.map((length, i) => {
    const padded = length + w.padsBegin[i]! + w.padsEnd[i]!;
    const span = w.dilations[i]! * (w.kernel[i]! - 1) + 1;
    const steps = (padded - span) / w.strides[i]!;
    let out = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // The last window of ceil mode must start inside the image or its left padding.
    if (ceil && (out - 1) * w.strides[i]! >= length + w.padsBegin[i]!) out--;
    if (out < 1) throw new ShapeError(`a window of ${span} does not fit a padded length of ${padded}`);
    return out;
  });
}

function imageOf({ input }: Pick<InferContext, "input">): {
  batch: Dim;
  channels: number;
  spatial: number[];
} {
  const [batch, channels, ...spatial] = input(0).shape;
  if (batch === undefined || channels === undefined || spatial.length === 0) {
    throw new ShapeError(`input 0 must be [N, C, …spatial], found [${input(0).shape.join(", ")}]`);
  }
  return {
    batch,
    channels: known(channels, "channels"),
    spatial: spatial.map((dim) => known(dim, "a spatial dimension")),
  };
}

/** Weight of a convolution, `[O, I / group, …kernel]`, or of a transposed one, `[I, O / group, …kernel]`. */
function weightOf(context: InferContext<typeof convolution>, spatial: readonly number[]): number[] {
  const weight = context.input(1).shape.map((dim) => known(dim, "a weight dimension"));
  const kernel = context.attributes.kernel_shape ?? weight.slice(2);
  if (weight.length !== spatial.length + 2 || kernel.join() !== weight.slice(2).join()) {
    throw new ShapeError(
      `its weight [${weight.join(", ")}] does not fit an image of ${spatial.length} dimensions and kernel_shape [${kernel.join(", ")}]`,
    );
  }
  checkInts([context.attributes.group], "group", { count: 1, least: 1 });
  return weight;
}

/** Bias of a convolution: one number an output channel. */
function checkBias(context: Pick<InferContext, "optional">, channels: number): void {
  const bias = context.optional(2)?.shape;
  if (bias === undefined || sameShape(bias, [channels])) return;
  throw new ShapeError(`its bias is [${bias.join(", ")}], expected [${channels}]`);
}

/** The image, windows and number of windows of a Col2Im. */
export function columnsOf(
  context: Pick<
    InferContext<{
      strides: typeof window.strides;
      pads: typeof window.pads;
      dilations: typeof window.dilations;
    }>,
    "constantInts" | "attributes"
  >,
): { readonly image: readonly number[]; readonly w: Window; readonly out: readonly number[] } {
  const image = context.constantInts(1, "image_shape");
  checkInts(image, "image_shape", { count: Math.max(1, image.length), least: 1 });
  const kernel_shape = context.constantInts(2, "block_shape");
  const w = windowOf({ ...context.attributes, kernel_shape, auto_pad: "NOTSET" }, image);
  return { image, w, out: windowOutput(image, w) };
}

function pool(context: InferContext<typeof pooling>): OutputType[] {
  const { batch, channels, spatial } = imageOf(context);
  const w = windowOf(context.attributes, spatial);
  w.kernel.forEach((length, axis) => {
    if (Math.max(w.padsBegin[axis]!, w.padsEnd[axis]!) >= length) {
      throw new ShapeError(
        `pads must be smaller than the kernel's ${length}: windows of padding have no value`,
      );
    }
  });
  const out = windowOutput(spatial, w, context.attributes.ceil_mode === 1);
  const shape = [batch, channels, ...out];
  return [
    { dtype: context.input(0).dtype, shape },
    { dtype: "int64", shape },
  ];
}

function globalPool(context: Pick<InferContext, "input">): OutputType[] {
  const { batch, channels, spatial } = imageOf(context);
  return [{ dtype: context.input(0).dtype, shape: [batch, channels, ...spatial.map(() => 1)] }];
}

/** Convolutions, pooling, normalisation and products. */
export const NEURAL = {
  Conv: operator({
    trained: [1, 2],
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: convolution,
    infer: (context) => {
      const { batch, channels, spatial } = imageOf(context);
      const weight = weightOf(context, spatial);
      const group = context.attributes.group;
      if (weight[1]! * group !== channels || weight[0]! % group !== 0) {
        throw new ShapeError(
          `input channels ${channels} must match weight channels ${weight[1]} × group ${group}`,
        );
      }
      checkBias(context, weight[0]!);
      const out = windowOutput(spatial, windowOf(context.attributes, spatial, weight.slice(2)));
      return [{ dtype: context.input(0).dtype, shape: [batch, weight[0]!, ...out] }];
    },
  }),
  ConvTranspose: operator({
    trained: [1, 2],
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: {
      ...convolution,
      output_padding: { kind: "ints" },
      output_shape: { kind: "ints" },
    },
    infer: (context) => {
      const { batch, channels, spatial } = imageOf(context);
      const weight = weightOf(context, spatial);
      checkInts(context.attributes.output_padding ?? spatial.map(() => 0), "output_padding", {
        count: spatial.length,
        least: 0,
      });
      if (weight[0] !== channels || channels % context.attributes.group !== 0) {
        throw new ShapeError(
          `input channels ${channels} must match weight's first dimension ${weight[0]} in ${context.attributes.group} groups`,
        );
      }
      if (context.attributes.auto_pad !== "NOTSET" || context.attributes.output_shape !== undefined) {
        throw new ShapeError("auto_pad and output_shape are not supported; give pads and output_padding");
      }
      const w = windowOf(context.attributes, spatial, weight.slice(2));
      const extra = context.attributes.output_padding ?? spatial.map(() => 0);
      if (extra.some((places, i) => places >= w.strides[i]!)) {
        throw new ShapeError(`output_padding [${extra.join(", ")}] must be smaller than the stride`);
      }
      const out = spatial.map(
        (length, i) =>
          w.strides[i]! * (length - 1) +
          extra[i]! +
          (w.kernel[i]! - 1) * w.dilations[i]! +
          1 -
          w.padsBegin[i]! -
          w.padsEnd[i]!,
      );
      const outChannels = weight[1]! * context.attributes.group;
      checkBias(context, outChannels);
      return [{ dtype: context.input(0).dtype, shape: [batch, outChannels, ...out] }];
    },
  }),
  /** Columns `[N, C · kernel, windows]`, each added where its window lies in `[N, C, …image_shape]`. */
  Col2Im: operator({
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: { strides: window.strides, pads: window.pads, dilations: window.dilations },
    infer: (context) => {
      const { shape, dtype } = context.input(0);
      const { image, w, out } = columnsOf(context);
      const [batch, rows, windows] = shape;
      const taps = sizeOf(w.kernel);
      if (shape.length !== 3 || windows !== sizeOf(out) || known(rows, "columns") % taps !== 0) {
        throw new ShapeError(
          `its columns are [${shape.join(", ")}], expected [N, C × ${taps}, ${sizeOf(out)}]`,
        );
      }
      return [{ dtype, shape: [batch!, known(rows, "columns") / taps, ...image] }];
    },
  }),
  MaxPool: operator({
    inputs: [1, 1],
    outputs: [1, 2],
    attributes: {
      ...pooling,
      storage_order: { kind: "int", default: 0 },
    },
    infer: (context) => pool(context),
  }),
  AveragePool: operator({
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: {
      ...pooling,
      count_include_pad: { kind: "int", default: 0 },
    },
    infer: (context) => pool(context).slice(0, 1),
  }),
  GlobalAveragePool: operator({ inputs: [1, 1], outputs: [1, 1], attributes: {}, infer: globalPool }),
  GlobalMaxPool: operator({ inputs: [1, 1], outputs: [1, 1], attributes: {}, infer: globalPool }),
  BatchNormalization: operator({
    inputs: [5, 5],
    outputs: [1, 3],
    obligatoryOutputs: (attributes) => (attributes.training_mode === 1 ? 3 : 1),
    trained: [1, 2],
    running: [3, 4],
    attributes: {
      epsilon: { kind: "float", default: 1e-5 },
      momentum: { kind: "float", default: 0.9 },
      training_mode: { kind: "int", default: 0 },
    },
    infer: ({ input }) => [
      { dtype: input(0).dtype, shape: normalised(input) },
      { dtype: input(3).dtype, shape: input(3).shape },
      { dtype: input(4).dtype, shape: input(4).shape },
    ],
  }),
  Gemm: operator({
    trained: [1, 2],
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: {
      alpha: { kind: "float", default: 1 },
      beta: { kind: "float", default: 1 },
      transA: { kind: "int", default: 0 },
      transB: { kind: "int", default: 0 },
    },
    infer: ({ input, optional, attributes: { transA, transB } }) => {
      const [a, b] = [input(0).shape, input(1).shape];
      const [rows, inner] = transA === 1 ? [a[1]!, a[0]!] : [a[0]!, a[1]!];
      const [innerB, columns] = transB === 1 ? [b[1]!, b[0]!] : [b[0]!, b[1]!];
      if (a.length !== 2 || b.length !== 2 || inner !== innerB) {
        throw new ShapeError(`[${a.join(", ")}] and [${b.join(", ")}] cannot be multiplied`);
      }
      const shape = [rows, columns];
      const bias = optional(2)?.shape ?? [];
      if (!sameShape(broadcastShapes(shape, bias), shape)) {
        throw new ShapeError(`[${bias.join(", ")}] cannot be added to [${shape.join(", ")}]`);
      }
      return [{ dtype: input(0).dtype, shape }];
    },
  }),
  MatMul: operator({
    trained: [1],
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: {},
    infer: ({ input }) => {
      const [a, b] = [input(0).shape, input(1).shape];
      if (a.length === 0 || b.length === 0) throw new ShapeError("operands must have at least one dimension");
      const [left, right] = [a.length === 1 ? [1, a[0]!] : a, b.length === 1 ? [b[0]!, 1] : b];
      if (left.at(-1) !== right.at(-2)) {
        throw new ShapeError(`[${a.join(", ")}] and [${b.join(", ")}] cannot be multiplied`);
      }
      const shape: Dim[] = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
      if (a.length > 1) shape.push(left.at(-2)!);
      if (b.length > 1) shape.push(right.at(-1)!);
      return [{ dtype: input(0).dtype, shape }];
    },
  }),
  Softmax: axisOp(-1),
  LogSoftmax: axisOp(-1),
  Dropout: operator({
    inputs: [1, 3],
    outputs: [1, 2],
    attributes: { seed: { kind: "int" } },
    infer: ({ input }) => [
      { dtype: input(0).dtype, shape: input(0).shape },
      { dtype: "bool", shape: input(0).shape },
    ],
  }),
};

export type NeuralOp = keyof typeof NEURAL;

/** Shape of what is normalised over its channels by four vectors of one number a channel. */
function normalised(input: InferContext["input"]): readonly Dim[] {
  const { shape } = input(0);
  for (const i of [1, 2, 3, 4]) {
    const parameter = input(i).shape;
    if (parameter.length !== 1 || parameter[0] !== shape[1]) {
      throw new ShapeError(
        `input ${i} is [${parameter.join(", ")}], expected one number for each of ${shape[1]} channels`,
      );
    }
  }
  return shape;
}

export function axisOp(
  axis: number,
): OpSpec<{ readonly axis: { readonly kind: "int"; readonly default: number } }> {
  return operator({
    inputs: [1, 1],
    outputs: [1, 1],
    attributes: { axis: { kind: "int", default: axis } },
    infer: ({ input, attributes }) => {
      normaliseAxis(attributes.axis, input(0).shape.length);
      return [{ dtype: input(0).dtype, shape: input(0).shape }];
    },
  });
}
