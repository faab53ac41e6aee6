/** Ops that resample or rearrange images: products with constant matrices, gathered rows, reshaped blocks. */
import type { Dim, Value } from "../../graph.js";
import { known, normaliseAxis } from "../../infer.js";
import type { ImportBuilder } from "../import-builder.js";
import { raise, Unsupported, type Raise } from "../raise.js";
import { AFFINE_GRID, GRID_SAMPLE } from "./grid-sample.js";
import { resample, type Coordinates, type NearestMode, type Sampling } from "./resample.js";

const int = { kind: "int" } as const;
const text = { kind: "string" } as const;
const float = { kind: "float" } as const;

const MODES: ReadonlySet<string> = new Set(["nearest", "linear", "cubic"]);
const COORDINATES: ReadonlySet<string> = new Set<Coordinates>([
  "half_pixel",
  "half_pixel_symmetric",
  "pytorch_half_pixel",
  "align_corners",
  "asymmetric",
  "tf_half_pixel_for_nn",
  "tf_crop_and_resize",
]);
const NEAREST: ReadonlySet<string> = new Set<NearestMode>([
  "round_prefer_floor",
  "round_prefer_ceil",
  "floor",
  "ceil",
]);

/** New lengths of axes, and the factors by which coordinates are divided. */
interface Scaled {
  readonly axes: readonly number[];
  readonly sizes: readonly Dim[];
  readonly scales: readonly number[];
}

function bySizes(
  shape: readonly Dim[],
  axes: readonly number[],
  wanted: readonly Dim[],
  policy: string,
): Scaled {
  if (wanted.length !== axes.length)
    throw new Unsupported(`has ${wanted.length} sizes for ${axes.length} axes`);
  const ratio = (size: Dim, axis: number): number => {
    const length = shape[axis]!;
    if (size === length) return 1;
    return Math.fround(known(size, "a size") / known(length, `axis ${axis}`));
  };
  const scales = wanted.map((size, i) => ratio(size, axes[i]!));
  if (policy === "stretch") return { axes, sizes: wanted, scales };
  if (policy !== "not_larger" && policy !== "not_smaller") {
    throw new Unsupported(`keep_aspect_ratio_policy "${policy}" is not known`);
  }
  const scale = policy === "not_larger" ? Math.min(...scales) : Math.max(...scales);
  const sizes = axes.map((axis) => Math.floor(scale * known(shape[axis], `axis ${axis}`) + 0.5));
  return { axes, sizes, scales: axes.map(() => scale) };
}

function byScales(shape: readonly Dim[], axes: readonly number[], scales: readonly number[]): Scaled {
  if (scales.length !== axes.length)
    throw new Unsupported(`has ${scales.length} scales for ${axes.length} axes`);
  if (!scales.every((scale) => scale > 0 && scale < 2 ** 20)) {
    throw new Unsupported(`scales [${scales.join(", ")}] must be positive`);
  }
  const sizes = axes.map((axis, i): Dim => {
    const length = shape[axis]!;
    return scales[i] === 1 ? length : Math.floor(Math.fround(scales[i]! * known(length, `axis ${axis}`)));
  });
  return { axes, sizes, scales };
}

/** A list that must be known before running; undefined if omitted. */
function listOf(g: ImportBuilder, value: Value<Dim> | undefined, what: string): readonly Dim[] | undefined {
  if (value === undefined) return undefined;
  const dims = g.elementsOf(value);
  if (dims === undefined) throw new Unsupported(`${what} must be known before running`);
  return dims.length === 0 ? undefined : dims;
}

function numbersIn(dims: readonly Dim[] | undefined, what: string): readonly number[] | undefined {
  return dims?.map((dim) => known(dim, what));
}

/** Resizes one axis after the other, since they are independent. */
function resized(
  g: ImportBuilder,
  x: Value<Dim>,
  { axes, sizes, scales }: Scaled,
  sampling: Sampling,
  roi: readonly number[] | undefined,
): Value<Dim> {
  const isCropped = sampling.coordinates === "tf_crop_and_resize";
  if (isCropped && roi?.length !== 2 * axes.length) {
    throw new Unsupported(`roi must be ${2 * axes.length} numbers known before running`);
  }
  // ONNX Runtime returns the input here too, whatever the scales and the crop.
  if (axes.every((axis, i) => sizes[i] === x.shape[axis])) return x;
  return axes.reduce((value, axis, i) => {
    const isSame = sizes[i] === x.shape[axis];
    const isKept = sampling.mode === "nearest" ? scales[i] === 1 : sampling.antialias === true && isSame;
    const region = isCropped ? ([roi![i]!, roi![i + axes.length]!] as const) : undefined;
    const isWhole = region === undefined || (region[0] === 0 && region[1] === 1);
    if (isKept || (isSame && scales[i] === 1 && isWhole)) return value;
    const [length, size] = [known(x.shape[axis], `axis ${axis}`), known(sizes[i], "a size")];
    return resample(g, value, { axis, length, size, scale: scales[i]!, region }, sampling);
  }, x);
}

const resize = raise({
  attributes: {
    mode: { ...text, default: "nearest" },
    coordinate_transformation_mode: { ...text, default: "half_pixel" },
    nearest_mode: { ...text, default: "round_prefer_floor" },
    cubic_coeff_a: { ...float, default: -0.75 },
    exclude_outside: { ...int, default: 0 },
    extrapolation_value: { ...float, default: 0 },
    antialias: { ...int, default: 0 },
    keep_aspect_ratio_policy: { ...text, default: "stretch" },
    axes: { kind: "ints" },
  },
  emit: ({ g, opset, inputs, attributes }) => {
    const x = inputs[0]!;
    const isOld = opset < 11;
    const mode = attributes.mode === "bilinear" ? "linear" : attributes.mode;
    const coordinates = isOld ? "asymmetric" : attributes.coordinate_transformation_mode;
    const nearest = isOld ? "simple" : attributes.nearest_mode;
    for (const [name, allowed] of [
      [mode, MODES],
      [coordinates, COORDINATES],
      [attributes.nearest_mode, NEAREST],
    ] as const) {
      if (!allowed.has(name)) throw new Unsupported(`mode "${name}" is not known`);
    }
    const rank = x.shape.length;
    const axes = attributes.axes?.map((axis) => normaliseAxis(axis, rank)) ?? x.shape.map((_, axis) => axis);
    const scales = numbersIn(listOf(g, inputs[isOld ? 1 : 2], "scales"), "a scale");
    const sizes = listOf(g, inputs[3], "sizes");
    if ((scales === undefined) === (sizes === undefined)) {
      throw new Unsupported("must have either scales or sizes");
    }
    const scaled =
      scales === undefined
        ? bySizes(x.shape, axes, sizes!, attributes.keep_aspect_ratio_policy)
        : byScales(x.shape, axes, scales);
    const sampling: Sampling = {
      mode: mode as Sampling["mode"],
      coordinates: coordinates as Coordinates,
      nearest: nearest as NearestMode,
      cubic: attributes.cubic_coeff_a,
      excludesOutside: attributes.exclude_outside === 1,
      antialias: attributes.antialias === 1,
      outside: coordinates === "tf_crop_and_resize" ? attributes.extrapolation_value : undefined,
    };
    const roi = sampling.outside === undefined ? undefined : numbersIn(listOf(g, inputs[1], "roi"), "roi");
    return [g.op("Identity", [resized(g, x, scaled, sampling, roi)])];
  },
});

/** The predecessor of Resize: each pixel is read at its coordinate divided by the scale. */
const upsample = raise({
  attributes: {
    mode: { ...text, default: "nearest" },
    scales: { kind: "floats" },
    height_scale: float,
    width_scale: float,
  },
  emit: ({ g, inputs: [x, given], attributes }) => {
    const mode = attributes.mode === "bilinear" ? "linear" : attributes.mode;
    if (mode !== "nearest" && mode !== "linear") throw new Unsupported(`mode "${mode}" is not known`);
    const { height_scale: tall, width_scale: wide } = attributes;
    const first = tall === undefined || wide === undefined ? undefined : [1, 1, tall, wide];
    const scales = attributes.scales ?? first ?? numbersIn(listOf(g, given, "scales"), "a scale");
    if (scales === undefined) throw new Unsupported("has no scales");
    const axes = x!.shape.map((_, axis) => axis);
    const sampling: Sampling = { mode, coordinates: "asymmetric", nearest: "simple" };
    return [g.op("Identity", [resized(g, x!, byScales(x!.shape, axes, scales), sampling, undefined)])];
  },
});

/** Channels, height and width of an image. */
function imageOf(x: Value<Dim>): readonly [channels: number, height: number, width: number] {
  if (x.shape.length !== 4)
    throw new Unsupported(`its input must be [N, C, H, W], found [${x.shape.join(", ")}]`);
  return x.shape.slice(1).map((dim, i) => known(dim, `axis ${i + 1}`)) as [number, number, number];
}

function divided(length: number, by: number): number {
  if (by < 1 || length % by !== 0) throw new Unsupported(`${length} is not divisible by ${by}`);
  return length / by;
}

/** [N, C b², H, W] → [N, C, H b, W b] */
const depthToSpace = raise({
  attributes: { blocksize: { ...int, required: true }, mode: { ...text, default: "DCR" } },
  emit: ({ g, inputs: [x], attributes: { blocksize: b, mode } }) => {
    const [channels, height, width] = imageOf(x!);
    const left = divided(channels, b * b);
    if (mode !== "DCR" && mode !== "CRD") throw new Unsupported(`mode "${mode}" is not known`);
    const apart = mode === "DCR" ? [0, b, b, left, height, width] : [0, left, b, b, height, width];
    const perm = mode === "DCR" ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3];
    const blocks = g.op("Transpose", [g.op("Reshape", [x, g.ints(apart)])], { perm });
    return [g.op("Reshape", [blocks, g.ints([0, left, height * b, width * b])])];
  },
});

/** [N, C, H b, W b] → [N, C b², H, W] */
const spaceToDepth = raise({
  attributes: { blocksize: { ...int, required: true } },
  emit: ({ g, inputs: [x], attributes: { blocksize: b } }) => {
    const [channels, tall, wide] = imageOf(x!);
    const [height, width] = [divided(tall, b), divided(wide, b)];
    const apart = g.op("Reshape", [x, g.ints([0, channels, height, b, width, b])]);
    const blocks = g.op("Transpose", [apart], { perm: [0, 3, 5, 1, 2, 4] });
    return [g.op("Reshape", [blocks, g.ints([0, channels * b * b, height, width])])];
  },
});

/** Crops longer axes to their centre, and pads shorter ones with zeros at both ends. */
const centerCropPad = raise({
  attributes: { axes: { kind: "ints" } },
  emit: ({ g, inputs: [x, target], attributes }) => {
    const { shape } = x!;
    const axes =
      attributes.axes?.map((axis) => normaliseAxis(axis, shape.length)) ?? shape.map((_, axis) => axis);
    const sizes = listOf(g, target, "its shape") ?? [];
    if (sizes.length !== axes.length)
      throw new Unsupported(`has ${sizes.length} sizes for ${axes.length} axes`);
    const before = shape.map(() => 0);
    const after = shape.map(() => 0);
    axes.forEach((axis, i) => {
      if (sizes[i] === shape[axis]) return;
      const more = known(sizes[i], "a size") - known(shape[axis], `axis ${axis}`);
      // An odd element is cropped or padded at the end.
      before[axis] = more < 0 ? -Math.floor(-more / 2) : Math.floor(more / 2);
      after[axis] = more - before[axis];
    });
    return [g.op("Pad", [x, g.ints([...before, ...after])])];
  },
});

export const RESAMPLING: Readonly<Record<string, Raise>> = {
  Resize: resize,
  Upsample: upsample,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  CenterCropPad: centerCropPad,
  GridSample: GRID_SAMPLE,
  AffineGrid: AFFINE_GRID,
};
