import { sameShape, sizeOf } from "../../tensor/index.js";
import type { Dim } from "../graph.js";
import { checkInts, known, operator, ShapeError, type InferContext } from "../infer.js";
import { imageOf, reachOf, WINDOW, windowOf, windowOutput, type Window } from "./windows.js";

const convolution = { ...WINDOW, group: { kind: "int", default: 1 } } as const;

/** The weight of a convolution `[O, I / group, …kernel]`, or of a transposed one `[I, O / group, …kernel]`. */
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

/** @throws ShapeError unless the bias has one number per output channel. */
function checkBias(context: Pick<InferContext, "optional">, channels: number): void {
  const bias = context.optional(2)?.shape;
  if (bias === undefined || sameShape(bias, [channels])) return;
  throw new ShapeError(`its bias is [${bias.join(", ")}], expected [${channels}]`);
}

/** A Col2Im's image shape, its window, and the number of windows along each axis. */
export function columnsOf(
  context: Pick<
    InferContext<{
      strides: typeof WINDOW.strides;
      pads: typeof WINDOW.pads;
      dilations: typeof WINDOW.dilations;
    }>,
    "constantInts" | "attributes"
  >,
): { readonly image: readonly number[]; readonly w: Window; readonly out: readonly number[] } {
  const image = context.constantInts(1, "image_shape");
  checkInts(image, "image_shape", { count: Math.max(1, image.length), least: 1 });
  const kernel_shape = context.constantInts(2, "block_shape");
  const w = windowOf({ ...context.attributes, kernel_shape }, image);
  return { image, w, out: windowOutput(image, w) };
}

type Attributed = Pick<InferContext<typeof convolution>, "attributes">;

/** The shape of W ⋆ x from those of x and W. */
function mapsOf({ attributes }: Attributed, image: readonly Dim[], weight: readonly number[]): Dim[] {
  const [batch, channels, ...space] = image as [Dim, number, ...number[]];
  const { group } = attributes;
  if (weight[1]! * group !== channels || weight[0]! % group !== 0) {
    throw new ShapeError(
      `input channels ${channels} must match weight channels ${weight[1]} × group ${group}`,
    );
  }
  const out = windowOutput(space, windowOf(attributes, space, weight.slice(2)));
  return [batch, weight[0]!, ...out];
}

/** @throws ShapeError unless W ⋆ x has the cotangent's shape. */
function checkCotangent(found: readonly Dim[], expected: readonly Dim[]): void {
  if (sameShape(found, expected)) return;
  throw new ShapeError(`its cotangent is [${found.join(", ")}], expected [${expected.join(", ")}]`);
}

/**
 * Convolutions, their gradients, and the adjoint of extracting windows. For the trilinear form
 *
 *   T(x, W, u) = Σ u · (W ⋆ x)
 *
 * Conv is the gradient with respect to u, ConvInputGradient with respect to x, and ConvWeightGradient with respect to
 * W. The last two are not ONNX ops. They keep a gradient recognisable, so that the runtime can choose how to compute
 * it.
 */
export const CONVOLUTION = {
  Conv: operator({
    trained: [1, 2],
    inputs: [2, 3],
    outputs: [1, 1],
    attributes: convolution,
    infer: (context) => {
      const { batch, channels, spatial } = imageOf(context);
      const weight = weightOf(context, spatial);
      checkBias(context, weight[0]!);
      const shape = mapsOf(context, [batch, channels, ...spatial], weight);
      return [{ dtype: context.input(0).dtype, shape }];
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
      const out = reachOf(spatial, w).map((reach, i) => reach + extra[i]! - w.padsBegin[i]! - w.padsEnd[i]!);
      const outChannels = weight[1]! * context.attributes.group;
      checkBias(context, outChannels);
      return [{ dtype: context.input(0).dtype, shape: [batch, outChannels, ...out] }];
    },
  }),
  /** ∂T/∂x `[N, I, …image_shape]` from a cotangent u `[N, O, …]` and a weight `[O, I / group, …kernel]`. */
  ConvInputGradient: operator({
    internal: true,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { ...convolution, image_shape: { kind: "ints", required: true } },
    infer: (context) => {
      const { batch, spatial } = imageOf(context);
      const weight = weightOf(context, spatial);
      const { group, image_shape } = context.attributes;
      const shape = [batch, weight[1]! * group, ...image_shape];
      checkCotangent(context.input(0).shape, mapsOf(context, shape, weight));
      return [{ dtype: context.input(0).dtype, shape }];
    },
  }),
  /** ∂T/∂W `[O, I / group, …kernel_shape]` from an image `[N, I, …]` and a cotangent u `[N, O, …]`. */
  ConvWeightGradient: operator({
    internal: true,
    inputs: [2, 2],
    outputs: [1, 1],
    attributes: { ...convolution, kernel_shape: { kind: "ints", required: true } },
    infer: (context) => {
      const { batch, channels, spatial } = imageOf(context);
      const cotangent = context.input(1).shape;
      const { group, kernel_shape } = context.attributes;
      const shape = [known(cotangent[1], "channels"), channels / group, ...kernel_shape];
      checkCotangent(cotangent, mapsOf(context, [batch, channels, ...spatial], shape));
      return [{ dtype: context.input(0).dtype, shape }];
    },
  }),
  /** Adds each column of `[N, C · kernel, windows]` to `[N, C, …image_shape]` at the position of its window. */
  Col2Im: operator({
    inputs: [3, 3],
    outputs: [1, 1],
    attributes: { strides: WINDOW.strides, pads: WINDOW.pads, dilations: WINDOW.dilations },
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
};

/** Which arguments of T a node takes as inputs, and with respect to which one its output is the gradient. */
export const TRILINEAR = {
  Conv: ["image", "weight", "maps"],
  ConvTranspose: ["maps", "weight", "image"],
  ConvInputGradient: ["maps", "weight", "image"],
  ConvWeightGradient: ["image", "maps", "weight"],
} as const;

export type TrilinearOp = keyof typeof TRILINEAR;
export type ConvolutionOp = keyof typeof CONVOLUTION;
