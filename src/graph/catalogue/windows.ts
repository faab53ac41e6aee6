import type { Read } from "../attributes.js";
import type { Dim } from "../graph.js";
import { checkInts, known, ShapeError, type InferContext } from "../infer.js";

/** The attributes that all ops with a sliding window share. */
export const WINDOW = {
  kernel_shape: { kind: "ints" },
  strides: { kind: "ints" },
  pads: { kind: "ints" },
  dilations: { kind: "ints" },
  auto_pad: { kind: "string", default: "NOTSET" },
} as const;

/** The attributes of a sliding window as read. Without auto_pad, `pads` apply. */
export type WindowAttributes = Partial<Read<typeof WINDOW>>;

/** A sliding window with all defaults filled in: kernel, strides, pads at both ends, and dilations. */
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
  const autoPad = attributes.auto_pad ?? "NOTSET";
  const count = kernel.length;
  for (const [what, values] of Object.entries({ kernel_shape: kernel, strides, dilations })) {
    checkInts(values, what, { count, least: 1 });
  }
  if (!AUTO_PADS.has(autoPad)) throw new ShapeError(`unknown auto_pad "${autoPad}"`);
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

/** The output length along each axis. */
export function windowOutput(spatial: readonly number[], w: Window, ceil = false): number[] {
  return spatial.map((length, i) => {
    const padded = length + w.padsBegin[i]! + w.padsEnd[i]!;
    const span = w.dilations[i]! * (w.kernel[i]! - 1) + 1;
    const steps = (padded - span) / w.strides[i]!;
    let out = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // In ceil mode, the last window must start inside the image or its left padding.
    if (ceil && (out - 1) * w.strides[i]! >= length + w.padsBegin[i]!) out--;
    if (out < 1) throw new ShapeError(`a window of ${span} does not fit a padded length of ${padded}`);
    return out;
  });
}

/** The length of the padded image that windows at `out` positions cover along each axis. */
export function reachOf(out: readonly number[], w: Window): number[] {
  return out.map((length, i) => w.strides[i]! * (length - 1) + w.dilations[i]! * (w.kernel[i]! - 1) + 1);
}

/** The image of a convolution or pooling: input 0, `[N, C, …spatial]`. */
export function imageOf({ input }: Pick<InferContext, "input">): {
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

/** The attributes of a convolution with this window, all of them explicit. */
export function windowAttributes(
  w: Window,
): Record<"kernel_shape" | "strides" | "pads" | "dilations", number[]> {
  return {
    kernel_shape: [...w.kernel],
    strides: [...w.strides],
    pads: [...w.padsBegin, ...w.padsEnd],
    dilations: [...w.dilations],
  };
}

/** All indices into an array of this shape in row-major order, such as the taps of a kernel. */
export function indicesOf(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (indices, length) => indices.flatMap((index) => Array.from({ length }, (_, i) => [...index, i])),
    [[]],
  );
}
