import { int64, isFloat, stridesOf, toNumbers, type Tensor } from "../../../tensor/index.js";
import type { Dim, Value } from "../../graph.js";
import { known } from "../../infer.js";
import type { ImportBuilder } from "../import-builder.js";
import { raise, Unsupported, type Raise } from "../raise.js";

/** A constant input that decides the output size of an op. @throws Unsupported if it is not constant. */
function constantOf(g: ImportBuilder, value: Value<Dim>, what: string): Tensor {
  const data = g.constantOf(value);
  if (data === undefined)
    throw new Unsupported(`its output size depends on the image: ${what} is not constant`);
  return data;
}

/** Coordinates of the elements that are not 0, one row per axis. */
function nonZero({ shape, data }: Tensor): Tensor {
  const found: number[] = [];
  // Zeros are 0, 0n or −0.
  data.forEach((element: number | bigint, i: number) => Number(element) !== 0 && found.push(i));
  const strides = stridesOf(shape);
  const rows = shape.flatMap((dim, axis) => found.map((i) => Math.floor(i / strides[axis]!) % dim));
  return int64([shape.length, found.length], rows);
}

/** The first index of each distinct value of a list, in order, and its number of occurrences. */
function unique(
  { data }: Tensor,
  sorted: boolean,
): { places: number[]; inverse: number[]; counts: number[] } {
  const found = new Map<number | bigint, number>();
  const [places, inverse, counts]: [number[], number[], number[]] = [[], [], []];
  data.forEach((element: number | bigint, i: number) => {
    const known = found.get(element);
    if (known === undefined) found.set(element, places.push(i) - 1);
    const group = known ?? places.length - 1;
    counts[group] = (counts[group] ?? 0) + 1;
    inverse.push(group);
  });
  if (!sorted) return { places, inverse, counts };
  const value = (group: number): number | bigint => data[places[group]!]!;
  const order = [...places.keys()].sort((a, b) => (value(a) < value(b) ? -1 : 1));
  const rank = new Map(order.map((group, i) => [group, i]));
  return {
    places: order.map((group) => places[group]!),
    inverse: inverse.map((group) => rank.get(group)!),
    counts: order.map((group) => counts[group]!),
  };
}

/** The batch and time axes of a ReverseSequence: the first two, in either order. */
function sequencesOf(
  shape: readonly Dim[],
  batchAxis: number,
  timeAxis: number,
): readonly [batch: number, time: number] {
  if (batchAxis + timeAxis !== 1)
    throw new Unsupported(`axes ${batchAxis} and ${timeAxis} are not the first two`);
  return [known(shape[batchAxis], `axis ${batchAxis}`), known(shape[timeAxis], `axis ${timeAxis}`)];
}

export const INDEXING: Readonly<Record<string, Raise>> = {
  NonZero: raise({
    attributes: {},
    emit: ({ g, inputs: [x] }) => [g.computed(nonZero(constantOf(g, x!, "its input")))],
  }),
  Unique: raise({
    attributes: { axis: { kind: "int" }, sorted: { kind: "int", default: 1 } },
    emit: ({ g, inputs: [x], attributes: { axis, sorted }, node }) => {
      const data = constantOf(g, x!, "its input");
      if (axis !== undefined && data.shape.length !== 1)
        throw new Unsupported("comparing rows is not supported");
      const { places, inverse, counts } = unique(data, sorted === 1);
      const flat = g.op("Reshape", [x, g.ints([-1])]);
      const lists = [places, inverse, counts].map((list) => g.computed(int64([list.length], list)));
      return [g.op("Gather", [flat, lists[0]]), ...lists].slice(0, node.outputs.length);
    },
  }),
  /** Gathers the first elements of each sequence in reverse order, with all sequences as one list. */
  ReverseSequence: raise({
    attributes: { batch_axis: { kind: "int", default: 1 }, time_axis: { kind: "int", default: 0 } },
    emit: ({ g, inputs: [x, given], attributes: { batch_axis: batchAxis, time_axis: timeAxis } }) => {
      const { shape } = x!;
      const [batch, time] = sequencesOf(shape, batchAxis, timeAxis);
      const lengths = toNumbers(constantOf(g, given!, "its sequence lengths"));
      if (lengths.length !== batch || lengths.some((length) => !(length >= 0 && length <= time))) {
        throw new Unsupported(`lengths [${lengths.slice(0, 8).join(", ")}] do not fit [${shape.join(", ")}]`);
      }
      const [outer, inner] = batchAxis === 0 ? [batch, time] : [time, batch];
      const places = Array.from({ length: outer * inner }, (_, i) => {
        const [first, second] = [Math.floor(i / inner), i % inner];
        const [image, step] = batchAxis === 0 ? [first, second] : [second, first];
        const from = step < lengths[image]! ? lengths[image]! - 1 - step : step;
        return batchAxis === 0 ? image * inner + from : from * inner + image;
      });
      const rest = shape.slice(2).map((dim, i) => known(dim, `axis ${i + 2}`));
      const list = g.op("Reshape", [x, g.ints([outer * inner, ...rest])]);
      const moved = g.op("Gather", [list, g.ints(places)]);
      return [g.op("Reshape", [moved, g.ints([outer, inner, ...rest])])];
    },
  }),
  /** The name of ScatterElements before opset 11. */
  Scatter: raise({
    attributes: { axis: { kind: "int", default: 0 } },
    emit: ({ g, inputs, attributes: { axis } }) => [g.op("ScatterElements", inputs, { axis })],
  }),
  /** x − ⌊x / y⌋ y for floats, because ONNX Runtime only has the truncated remainder. */
  Mod: raise({
    attributes: { fmod: { kind: "int", default: 0 } },
    emit: ({ g, inputs: [a, b], attributes: { fmod } }) => {
      if (fmod === 1 || !isFloat(a!.dtype)) return undefined;
      const whole = g.op("Floor", [g.op("Div", [a, b])]);
      return [g.op("Sub", [a, g.op("Mul", [whole, b])])];
    },
  }),
  /** The chosen slices, gathered. */
  Compress: raise({
    attributes: { axis: { kind: "int" } },
    emit: ({ g, inputs: [x, condition], attributes: { axis } }) => {
      const chosen = toNumbers(constantOf(g, condition!, "its condition")).flatMap((keep, i) =>
        keep ? [i] : [],
      );
      const from = axis === undefined ? g.op("Reshape", [x, g.ints([-1])]) : x;
      return [g.op("Gather", [from, g.ints(chosen)], { axis: axis ?? 0 })];
    },
  }),
};
