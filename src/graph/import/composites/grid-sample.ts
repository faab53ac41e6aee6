import { float32, int64 } from "../../../tensor/index.js";
import type { Dim, Value } from "../../graph.js";
import { known } from "../../infer.js";
import type { ImportBuilder } from "../import-builder.js";
import { raise, Unsupported } from "../raise.js";

type V = Value<Dim>;

/** What lies outside an image: zeros, its border, or its reflection at the border. */
type Padding = "zeros" | "border" | "reflection";

interface Grid {
  readonly g: ImportBuilder;
  readonly length: number;
  readonly padding: Padding;
  readonly corners: boolean;
}

/**
 * Converts −1 … 1 to pixels: with align_corners between the centres of the outermost pixels, else from edge to edge.
 */
function inPixels({ g, length, corners }: Grid, x: V): V {
  const half = corners ? (length - 1) / 2 : length / 2;
  return g.op("Add", [g.op("Mul", [x, g.scalar(half)]), g.scalar((length - 1) / 2)]);
}

/** Mirrors pixels until they are inside: |((x − low) mod 2 span) − span| counted from the other end. */
function mirrored({ g, length, corners }: Grid, x: V): V {
  const [low, span] = corners ? [0, length - 1] : [-0.5, length];
  if (span === 0) return g.op("Mul", [x, g.scalar(0)]);
  const from = g.op("Sub", [x, g.scalar(low)]);
  const turns = g.op("Floor", [g.op("Div", [from, g.scalar(2 * span)])]);
  const within = g.op("Sub", [from, g.op("Mul", [turns, g.scalar(2 * span)])]);
  const back = g.op("Abs", [g.op("Sub", [within, g.scalar(span)])]);
  return g.op("Sub", [g.scalar(span + low), back]);
}

const clipped = ({ g, length }: Grid, x: V): V => g.op("Clip", [x, g.scalar(0), g.scalar(length - 1)]);

/** The index of the pixel to read at a position, and with zero padding whether the position is inside. */
function pixelAt(grid: Grid, place: V): { readonly index: V; readonly inside: V | undefined } {
  const { g, length, padding } = grid;
  const inner = padding === "reflection" ? mirrored(grid, place) : place;
  const index = g.op("Cast", [clipped(grid, g.op("Round", [inner]))], { to: "int64" });
  if (padding !== "zeros") return { index, inside: undefined };
  const isInside = g.op("And", [
    g.op("GreaterOrEqual", [place, g.scalar(0)]),
    g.op("LessOrEqual", [place, g.scalar(length - 1)]),
  ]);
  return { index, inside: g.op("Cast", [isInside], { to: "float32" }) };
}

/** The pixels along one axis that a sample mixes, with their weights. An undefined weight is 1. */
function taps(
  grid: Grid,
  x: V,
  mode: string,
): readonly { readonly place: V; readonly weight: V | undefined }[] {
  const { g, padding } = grid;
  const pixels = inPixels(grid, x);
  // Cubic sampling mirrors or clamps each pixel; the other modes do so with the position.
  const inner =
    mode === "cubic" || padding === "zeros"
      ? pixels
      : clipped(grid, padding === "reflection" ? mirrored(grid, pixels) : pixels);
  if (mode === "nearest") return [{ place: g.op("Round", [inner]), weight: undefined }];
  const below = g.op("Floor", [inner]);
  // A constant grid has constant pixel indices. Weights must refer to the same indices, however they are rounded.
  if (g.isConstant(below)) g.constantOf(below);
  const t = g.op("Sub", [inner, below]);
  const at = (offset: number): V => (offset === 0 ? below : g.op("Add", [below, g.scalar(offset)]));
  if (mode === "linear") {
    return [
      { place: at(0), weight: g.op("Sub", [g.scalar(1), t]) },
      { place: at(1), weight: t },
    ];
  }
  return [-1, 0, 1, 2].map((offset) => ({ place: at(offset), weight: cubicWeight(g, t, offset) }));
}

const A = -0.75;

/** Keys's cubic at the distance |t − offset|, as a polynomial. */
function cubicWeight(g: ImportBuilder, t: V, offset: number): V {
  const distance = offset <= 0 ? g.op("Sub", [t, g.scalar(offset)]) : g.op("Sub", [g.scalar(offset), t]);
  const isNear = offset === 0 || offset === 1;
  const [c3, c2, c1, c0] = isNear ? [A + 2, -(A + 3), 0, 1] : [A, -5 * A, 8 * A, -4 * A];
  const step = (value: V, coefficient: number): V =>
    g.op("Add", [g.op("Mul", [value, distance]), g.scalar(coefficient)]);
  return step(step(step(g.scalar(c3), c2), c1), c0);
}

function product(g: ImportBuilder, factors: readonly (V | undefined)[]): V | undefined {
  const given = factors.filter((factor) => factor !== undefined);
  return given.length === 0 ? undefined : given.reduce((a, b) => g.op("Mul", [a, b]));
}

/** One coordinate of a grid [N, …, D], as [N, P]. */
function coordinate(g: ImportBuilder, grid: V, index: number, points: number): V {
  const picked = g.op("Gather", [grid, g.constant(int64([], [index]))], { axis: grid.shape.length - 1 });
  return g.op("Reshape", [picked, g.ints([0, points])]);
}

const METHODS: Readonly<Record<string, string>> = {
  linear: "linear",
  bilinear: "linear",
  nearest: "nearest",
  cubic: "cubic",
  bicubic: "cubic",
};

/**
 * Samples [N, C, …] at the positions of a grid [N, …, D] with coordinates from −1 to 1. Gathers the pixels around each
 * position and weights them by distance. The grid gets its gradient through the weights.
 */
export const GRID_SAMPLE = raise({
  attributes: {
    mode: { kind: "string", default: "linear" },
    padding_mode: { kind: "string", default: "zeros" },
    align_corners: { kind: "int", default: 0 },
  },
  emit: ({ g, inputs, attributes }) => {
    const [x, grid] = [inputs[0]!, inputs[1]!];
    const rank = x.shape.length - 2;
    const mode = Object.hasOwn(METHODS, attributes.mode) ? METHODS[attributes.mode]! : "";
    const padding = attributes.padding_mode;
    if (mode === "") throw new Unsupported(`mode "${attributes.mode}" is not known`);
    if (padding !== "zeros" && padding !== "border" && padding !== "reflection") {
      throw new Unsupported(`padding_mode "${padding}" is not known`);
    }
    if (rank < 1 || rank > 3 || grid.shape.length !== rank + 2 || grid.shape.at(-1) !== rank) {
      throw new Unsupported(`[${x.shape.join(", ")}] and a grid of [${grid.shape.join(", ")}] do not fit`);
    }
    if (mode === "cubic" && rank !== 2) throw new Unsupported("cubic sampling supports only images");
    const lengths = x.shape.slice(2).map((dim, i) => known(dim, `axis ${i + 2}`));
    const channels = known(x.shape[1], "its channels");
    const outer = grid.shape.slice(1, -1).map((dim, i) => known(dim, `axis ${i + 1} of the grid`));
    const size = lengths.reduce((total, length) => total * length, 1);
    const points = outer.reduce((total, length) => total * length, 1);
    const flat = g.op("Reshape", [x, g.ints([0, channels, size])]);
    const pixels = g.op("Transpose", [flat], { perm: [0, 2, 1] });
    const corners = attributes.align_corners === 1;
    let samples: { index: V | undefined; weight: V | undefined }[] = [
      { index: undefined, weight: undefined },
    ];
    lengths.forEach((length, axis) => {
      const along: Grid = { g, length, padding, corners };
      // The grid's first coordinate is for the last axis.
      const found = taps(along, coordinate(g, grid, rank - 1 - axis, points), mode).map(
        ({ place, weight }) => {
          const { index, inside } = pixelAt(along, place);
          return { index, weight: product(g, [weight, inside]) };
        },
      );
      const line = g.constant(int64([], [length]));
      samples = samples.flatMap((before) =>
        found.map(({ index, weight }) => ({
          index: before.index === undefined ? index : g.op("Add", [g.op("Mul", [before.index, line]), index]),
          weight: product(g, [before.weight, weight]),
        })),
      );
    });
    const last = g.ints([-1]);
    const terms = samples.map(({ index, weight }) => {
      const read = g.op("GatherND", [pixels, g.op("Unsqueeze", [index, last])], { batch_dims: 1 });
      return weight === undefined ? read : g.op("Mul", [read, g.op("Unsqueeze", [weight, last])]);
    });
    const sum = terms.length === 1 ? terms[0]! : g.op("Sum", terms);
    const ordered = g.op("Transpose", [sum], { perm: [0, 2, 1] });
    return [g.op("Reshape", [ordered, g.ints([0, channels, ...outer])])];
  },
});

/** Positions from −1 to 1 along an axis: pixel centres, or with align_corners from the first to the last. */
function positions(length: number, corners: boolean): number[] {
  return Array.from({ length }, (_, i) => {
    if (!corners) return (2 * i + 1) / length - 1;
    return length === 1 ? 0 : (2 * i) / (length - 1) - 1;
  });
}

/** Most pixels in a grid. */
const LARGEST_GRID = 2 ** 22;

/** grid = [x, y(, z), 1] thetaᵀ for every pixel of an image of a given size. */
export const AFFINE_GRID = raise({
  attributes: { align_corners: { kind: "int", default: 0 } },
  emit: ({ g, inputs: [theta, size], attributes }) => {
    const dims = g.elementsOf(size!);
    if (dims === undefined) throw new Unsupported("its size must be known before running");
    const lengths = dims.slice(2).map((dim) => known(dim, "its size"));
    const rank = lengths.length;
    const points = lengths.reduce((total, length) => total * length, 1);
    if (rank < 2 || rank > 3 || theta!.shape.slice(1).join() !== [rank, rank + 1].join()) {
      throw new Unsupported(`theta [${theta!.shape.join(", ")}] does not fit ${rank} axes`);
    }
    if (!(points >= 0 && points <= LARGEST_GRID))
      throw new Unsupported(`a grid of ${points} points is too large`);
    const along = lengths.map((length) => positions(length, attributes.align_corners === 1));
    const base: number[] = [];
    for (let i = 0; i < points; i++) {
      let rest = i;
      for (let axis = rank - 1; axis >= 0; axis--) {
        base.push(along[axis]![rest % lengths[axis]!]!);
        rest = Math.floor(rest / lengths[axis]!);
      }
      base.push(1);
    }
    const columns = g.op("Transpose", [theta], { perm: [0, 2, 1] });
    const grid = g.op("MatMul", [g.constant(float32([points, rank + 1], base)), columns]);
    return [g.op("Reshape", [grid, g.ints([0, ...lengths, rank])])];
  },
});
