import { float32, sameShape, sizeOf } from "../../../tensor/index.js";
import { OP_CATALOGUE, type AttributesOf } from "../../catalogue/index.js";
import {
  reachOf,
  windowOf,
  windowOutput,
  type Window,
  type WindowAttributes,
} from "../../catalogue/windows.js";
import type { Dim, Value } from "../../graph.js";
import { checkInts, known } from "../../infer.js";
import type { ImportBuilder } from "../import-builder.js";
import { raise, Unsupported, type Raise } from "../raise.js";
import { LEAST_TOTAL } from "./normalisation.js";

type V = Value<Dim>;

/** The lowest float32, the value of padding in a maximum. */
const LOWEST = -3.4028234663852886e38;

export const POOLING: Readonly<Record<string, Raise>> = {
  MaxPool: raise({
    attributes: OP_CATALOGUE.MaxPool.attributes,
    emit: ({ g, node, inputs: [x], attributes }) => {
      const outputs = node.outputs.length;
      const p = pooledWindow(x!, attributes);
      if (p.standard)
        return g.ops("MaxPool", [x], { ...attributes, ...inside(p), ...p.standard }, { outputs });
      if (outputs > 1) throw new Unsupported("its Indices are used, and it pads by more than its kernel");
      return [g.op("MaxPool", [padded(g, x!, p, LOWEST)], inside(p))];
    },
  }),
  AveragePool: raise({
    attributes: OP_CATALOGUE.AveragePool.attributes,
    emit: ({ g, inputs: [x], attributes }) => {
      const p = pooledWindow(x!, attributes);
      if (coversAll(p)) return [g.op("GlobalAveragePool", [x])];
      if (p.standard) return [g.op("AveragePool", [x], { ...attributes, ...inside(p), ...p.standard })];
      return [g.op("Mul", [windowSum(g, x!, p), shares(g, p, attributes.count_include_pad === 1)])];
    },
  }),
  /** (Σ |x|ᵖ)^(1/p) over each window. */
  LpPool: raise({
    attributes: { ...OP_CATALOGUE.AveragePool.attributes, p: { kind: "int", default: 2 } },
    emit: ({ g, inputs: [x], attributes }) => {
      const p = pooledWindow(x!, attributes);
      return [lpNorm(g, x!, attributes.p, (powers) => windowSum(g, powers, p))];
    },
  }),
  GlobalLpPool: raise({
    attributes: { p: { kind: "int", default: 2 } },
    emit: ({ g, inputs: [x], attributes: { p } }) => {
      const axes = g.ints(x!.shape.slice(2).map((_, i) => i + 2));
      return [lpNorm(g, x!, p, (powers) => g.op("ReduceSum", [powers, axes], { keepdims: 1 }))];
    },
  }),
  /**
   * Puts each value at its index, and zeros elsewhere. Like those of MaxPool, indices count through the whole batch.
   */
  MaxUnpool: raise({
    attributes: {
      kernel_shape: { kind: "ints", required: true },
      pads: { kind: "ints" },
      strides: { kind: "ints" },
    },
    emit: ({ g, inputs: [x, indices, outputShape], attributes }) => {
      if (indices === undefined) throw new Unsupported("has no indices");
      const [, channels, ...from] = x!.shape.map((dim, axis) => (axis === 0 ? 0 : known(dim, "a dimension")));
      const w = windowOf({ ...attributes, dilations: undefined, auto_pad: "NOTSET" }, from);
      if (w.kernel.some((length, i) => length > w.strides[i]!)) {
        throw new Unsupported("its windows overlap, so an element may have several values");
      }
      const given = outputShape && g.constantOf(outputShape);
      if (outputShape !== undefined && given === undefined)
        throw new Unsupported("its output_shape is not known");
      const space = given
        ? Array.from(given.data as ArrayLike<number | bigint>, Number).slice(2)
        : from.map((n, i) => (n - 1) * w.strides[i]! + w.kernel[i]! - w.padsBegin[i]! - w.padsEnd[i]!);
      checkInts(space, "the space of its output", { count: from.length, least: 1 });
      const image = channels! * sizeOf(space);
      const rows = (value: V): V => g.op("Reshape", [value, g.ints([0, -1])]);
      const flat = rows(indices);
      const size = g.scalar(image, flat);
      const within = g.op("Sub", [flat, g.op("Mul", [g.op("Div", [flat, size]), size])]);
      const values = rows(x!);
      const column = g.op("Slice", [values, g.ints([0]), g.ints([1]), g.ints([1])]);
      const zero = g.op("Cast", [g.op("Less", [column, column])], { to: x!.dtype });
      const zeros = g.op("Expand", [zero, g.ints([1, image])]);
      const placed = g.op("ScatterElements", [zeros, within, values], { axis: 1, reduction: "add" });
      return [g.op("Reshape", [placed, g.ints([0, channels!, ...space])])];
    },
  }),
};

/** The p-norm of the elements that `sum` adds up; for zeros its derivative is 0. */
function lpNorm(g: ImportBuilder, x: V, p: number, sum: (powers: V) => V): V {
  checkInts([p], "p", { count: 1, least: 1 });
  const size = g.op("Abs", [x]);
  if (p === 1) return sum(size);
  const powers = p === 2 ? g.op("Mul", [x, x]) : g.op("Pow", [size, g.scalar(p, x)]);
  const total = g.op("Max", [sum(powers), g.scalar(LEAST_TOTAL, x)]);
  return p === 2 ? g.op("Sqrt", [total]) : g.op("Pow", [total, g.scalar(1 / p, x)]);
}

interface PooledWindow {
  readonly w: Window;
  readonly spatial: readonly number[];
  readonly out: readonly number[];
  /**
   * The attributes with which ONNX Runtime pools this way; undefined if it cannot. It cannot if pads are not smaller
   * than the kernel, or if ceil mode begins a window after the image: its shape inference counts that window, its
   * kernel does not. auto_pad is never used, because ONNX Runtime interprets it in more than one way.
   */
  readonly standard: AttributesOf<"AveragePool"> | undefined;
}

function pooledWindow(x: V, attributes: WindowAttributes & { readonly ceil_mode: number }): PooledWindow {
  const spatial = x.shape.slice(2).map((dim) => known(dim, "a spatial dimension"));
  const given = windowOf(attributes, spatial);
  const ceil = attributes.ceil_mode === 1;
  const out = windowOutput(spatial, given, ceil);
  const w = withinReach(given, spatial, out);
  const lengths = spatial.map((length, i) => length + w.padsBegin[i]! + w.padsEnd[i]!);
  const [one, all] = [
    reachOf(
      spatial.map(() => 1),
      w,
    ),
    reachOf(out, w),
  ];
  const fits = one.every((reach, i) => reach <= lengths[i]!);
  const whole = !ceil || (fits && sameShape(out, windowOutput(spatial, w)));
  const wide = w.kernel.some((length, i) => Math.max(w.padsBegin[i]!, w.padsEnd[i]!) >= length);
  const leftOut = all.some((reach, i) => reach < lengths[i]!);
  const standard = { pads: [...w.padsBegin, ...w.padsEnd], auto_pad: undefined, ceil_mode: whole ? 0 : 1 };
  return { w, spatial, out, standard: wide || (!whole && leftOut) ? undefined : standard };
}

/**
 * A single window without the taps that lie behind the padded image, as ceil mode allows: a model of transformers pools
 * with as many rows and columns as it has channels.
 */
function withinReach(w: Window, spatial: readonly number[], out: readonly number[]): Window {
  const kernel = w.kernel.map((size, i) => {
    const length = spatial[i]! + w.padsBegin[i]! + w.padsEnd[i]!;
    return out[i] === 1 ? Math.min(size, Math.ceil(length / w.dilations[i]!)) : size;
  });
  // Of one window the stride says nothing, and the gradient needs a part for each step of it.
  const strides = w.strides.map((stride, i) => (kernel[i]! < w.kernel[i]! ? w.dilations[i]! : stride));
  return { ...w, kernel, strides };
}

function coversAll({ w, spatial, out }: PooledWindow): boolean {
  const isPadded = [...w.padsBegin, ...w.padsEnd].some((pad) => pad > 0);
  return (
    !isPadded && out.every((length, i) => length === 1 && w.dilations[i] === 1 && w.kernel[i] === spatial[i])
  );
}

/** Pads the image to the length that the windows cover. */
function padded(g: ImportBuilder, x: V, { w, spatial, out }: PooledWindow, value: number): V {
  const ends = reachOf(out, w).map((reach, i) => Math.max(0, reach - w.padsBegin[i]! - spatial[i]!));
  if ([...w.padsBegin, ...ends].every((pad) => pad === 0)) return x;
  return g.op("Pad", [x, g.ints([0, 0, ...w.padsBegin, 0, 0, ...ends]), g.scalar(value, x)]);
}

/** The window's attributes for an image that is padded already. */
function inside({ w }: PooledWindow): AttributesOf<"AveragePool"> {
  return { kernel_shape: w.kernel, strides: w.strides, dilations: w.dilations };
}

/**
 * Σ over each window, with padding as 0. The factor stands between padding and pooling, because ONNX Runtime would
 * merge the two even if the pads are too wide.
 */
function windowSum(g: ImportBuilder, x: V, p: PooledWindow): V {
  const scaled = g.op("Mul", [padded(g, x, p, 0), g.scalar(sizeOf(p.w.kernel), x)]);
  return g.op("AveragePool", [scaled], inside(p));
}

/** One divided by the number of positions that count in each window; 0 if none counts. */
function shares(g: ImportBuilder, { w, spatial, out }: PooledWindow, includePads: boolean): V {
  const counts = out.map((length, i) =>
    Array.from({ length }, (_, o) => {
      const start = o * w.strides[i]! - w.padsBegin[i]!;
      const [first, end] = includePads ? [-w.padsBegin[i]!, spatial[i]! + w.padsEnd[i]!] : [0, spatial[i]!];
      const places = Array.from({ length: w.kernel[i]! }, (__, t) => start + t * w.dilations[i]!);
      return places.filter((place) => place >= first && place < end).length;
    }),
  );
  const products = counts.reduce((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1]);
  return g.constant(
    float32(
      [1, 1, ...out],
      products.map((count) => (count === 0 ? 0 : 1 / count)),
    ),
  );
}
