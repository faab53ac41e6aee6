import { float32 } from "../../../tensor/index.js";
import type { Dim, Value } from "../../graph.js";
import { checkInts, known } from "../../infer.js";
import { raise, Unsupported } from "../raise.js";
import { GRID_SAMPLE } from "./grid-sample.js";

type V = Value<Dim>;

/**
 * A convolution whose taps are moved by offsets (Dai et al. 2017, arXiv:1703.06211; with a mask, Zhu et al. 2019,
 * arXiv:1811.11168). Values are sampled between pixels, with zeros around the image, into a map that has the windows
 * side by side. A convolution whose stride equals its kernel then applies the weights.
 */
export const DEFORM_CONV = raise({
  attributes: {
    kernel_shape: { kind: "ints" },
    strides: { kind: "ints" },
    pads: { kind: "ints" },
    dilations: { kind: "ints" },
    group: { kind: "int", default: 1 },
    offset_group: { kind: "int", default: 1 },
  },
  emit: (context) => {
    const { g, inputs, attributes } = context;
    const [x, weight, offset, bias, mask] = inputs as [V, V, V, V | undefined, V | undefined];
    if (x.shape.length !== 4 || weight.shape.length !== 4 || offset.shape.length !== 4) {
      throw new Unsupported(`is over [${x.shape.join(", ")}]; only images are supported`);
    }
    const [channels, height, width] = x.shape.slice(1).map((dim) => known(dim, "a dimension of the image"));
    const [down, across] = offset.shape.slice(2).map((dim) => known(dim, "a dimension of the offsets"));
    const [rows, columns] = weight.shape.slice(2).map((dim) => known(dim, "a weight dimension"));
    const {
      strides = [1, 1],
      pads = [0, 0, 0, 0],
      dilations = [1, 1],
      group,
      offset_group: groups,
    } = attributes;
    checkInts(strides, "strides", { count: 2, least: 1 });
    checkInts(dilations, "dilations", { count: 2, least: 1 });
    checkInts(pads, "pads", { count: 4, least: 0 });
    checkInts([groups], "offset_group", { count: 1, least: 1 });
    const taps = rows! * columns!;
    if (channels! % groups !== 0 || offset.shape[1] !== groups * taps * 2) {
      throw new Unsupported(
        `offsets of [${offset.shape.join(", ")}] do not fit ${groups} groups of ${taps} taps`,
      );
    }
    /**
     * Positions of the taps of each window before they are moved, `[count, 1, windows, 1]` or `[1, count, 1, windows]`.
     */
    const places = (axis: 0 | 1, count: number, windows: number): V => {
      const at = Array.from({ length: count * windows }, (_, i) => {
        const [tap, window] = [Math.floor(i / windows), i % windows];
        return window * strides[axis]! - pads[axis]! + tap * dilations[axis]!;
      });
      return g.constant(float32(axis === 0 ? [count, 1, windows, 1] : [1, count, 1, windows], at));
    };
    const moved = g.op("Reshape", [offset, g.ints([0, groups * taps, 2, down! * across!])]);
    /** Coordinates along one axis, from −1 to 1, `[N, groups, rows, columns, down, across]`. */
    const along = (axis: 0 | 1): V => {
      const own = g.op("Gather", [moved, g.ints([axis])], { axis: 2 });
      const apart = g.op("Reshape", [own, g.ints([0, groups, rows!, columns!, down!, across!])]);
      const base = axis === 0 ? places(0, rows!, down!) : places(1, columns!, across!);
      const length = axis === 0 ? height! : width!;
      const scaled = g.op("Mul", [g.op("Add", [apart, base]), g.scalar(2 / length)]);
      return g.op("Add", [scaled, g.scalar(1 / length - 1)]);
    };
    const sideBySide = (value: V, rank: number): V =>
      g.op("Transpose", [value], { perm: [0, 1, 4, 2, 5, 3, ...(rank === 7 ? [6] : [])] });
    const pair = [along(1), along(0)].map((each) => g.op("Unsqueeze", [each, g.ints([6])]));
    const grids = sideBySide(g.op("Concat", pair, { axis: 6 }), 7);
    const [tall, wide] = [down! * rows!, across! * columns!];
    const grid = g.op("Reshape", [grids, g.ints([0, groups, tall, wide, 2])]);
    const weights =
      mask &&
      g.op("Reshape", [
        sideBySide(g.op("Reshape", [mask, g.ints([0, groups, rows!, columns!, down!, across!])]), 6),
        g.ints([0, groups, tall, wide]),
      ]);
    const each = channels! / groups;
    const sampled = Array.from({ length: groups }, (_, i) => {
      const part = (value: V, from: number, to: number): V =>
        groups === 1 ? value : g.op("Slice", [value, g.ints([from]), g.ints([to]), g.ints([1])]);
      const own = g.op("Squeeze", [part(grid, i, i + 1), g.ints([1])]);
      const pixels = part(x, i * each, (i + 1) * each);
      const settings = { mode: "linear", padding_mode: "zeros", align_corners: 0 };
      const [map] = GRID_SAMPLE.emit({ ...context, inputs: [pixels, own], attributes: settings })!;
      return weights === undefined ? map! : g.op("Mul", [map, part(weights, i, i + 1)]);
    });
    const whole = groups === 1 ? sampled[0]! : g.op("Concat", sampled, { axis: 1 });
    return [
      g.op("Conv", [whole, weight, bias], {
        kernel_shape: [rows!, columns!],
        strides: [rows!, columns!],
        group,
      }),
    ];
  },
});
