import { rewrite, type Dim, type Graph, type GraphBuilder, type Value } from "../graph/index.js";
import { float32 } from "../tensor/index.js";

/** What a foreign model expects instead of pixels in [0, 1], in NCHW order with red first. */
export interface Preprocessing {
  /** Per-channel mean and deviation of pixels in [0, 1], in the order of the model's channels; 0 and 1 by default. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Largest value of a pixel, such as 255; 1 by default. */
  readonly range?: number;
  /** Order of the input's axes; "NCHW" by default. */
  readonly layout?: "NCHW" | "NHWC";
  /** Order of the model's colours; "RGB" by default, "BGR" for models of Caffe and OpenCV. */
  readonly channelOrder?: "RGB" | "BGR";
  /** Whether the input takes only integers. */
  readonly rounded?: boolean;
}

export function isIdentity({
  mean,
  std,
  range = 1,
  layout = "NCHW",
  channelOrder = "RGB",
  rounded = false,
}: Preprocessing): boolean {
  return (
    !rounded &&
    mean === undefined &&
    std === undefined &&
    range === 1 &&
    layout === "NCHW" &&
    channelOrder === "RGB"
  );
}

/**
 * Puts the preprocessing before the model. From the new input, `[N, C, H, W]` in [0, 1], it
 * computes the old one,
 *
 *   u = range · (x − mean) / std ,   with blue first in x if the order requires it,
 *
 * transposed to `[N, H, W, C]` if the layout requires it, and reshaped if the old input is flat. Rounded pixels are
 *
 *   u' = u − round(2¹⁶ · (u − round(u))) / 2¹⁶ ,
 *
 * which is round(u) to within 2⁻¹⁷. Its derivative is 1, because Round passes no gradient and only u does.
 *
 * @param shape `[C, H, W]` of the images.
 */
export function withPreprocessing(
  graph: Graph<Dim>,
  old: string,
  [channels, height, width]: readonly [number, number, number],
  { mean, std, range = 1, layout = "NCHW", channelOrder = "RGB", rounded = false }: Preprocessing,
): { graph: Graph<Dim>; image: string } {
  const [batch, ...flat] = graph.values.get(old)!.shape;
  const rest = { ...graph, inputs: graph.inputs.filter((name) => name !== old) };
  let image = "image";
  const before = (g: GraphBuilder<Dim>): void => {
    while (graph.values.has(image)) image += "_";
    let x = g.input(image, "float32", [batch!, channels, height, width]);
    const apply = (op: "Sub" | "Mul", name: string, values: readonly number[]): Value<Dim> =>
      g.op(op, [x, g.constant(float32([values.length, 1, 1], values))], {}, { name });
    if (channelOrder === "BGR") {
      x = g.op("Gather", [x, g.ints([2, 1, 0])], { axis: 1 }, { name: "blue_first" });
    }
    if (mean !== undefined) x = apply("Sub", "centred", mean);
    if (std !== undefined || range !== 1) {
      const factors = (std ?? [1]).map((deviation) => range / deviation);
      x = apply("Mul", "scaled", factors);
    }
    if (rounded) x = g.op("Round", [x], {}, { name: "rounded", straightThrough: true });
    if (layout === "NHWC") x = g.op("Transpose", [x], { perm: [0, 2, 3, 1] }, { name: "channels_last" });
    if (flat.length !== 3) {
      x = g.op("Reshape", [x, g.ints([0, ...(flat as number[])])], {}, { name: "flat" });
    }
    // Keeps its old name, so that nothing in the model changes.
    g.node({ name: "preprocessed", op: "Identity", inputs: [x.name], outputs: [old], attributes: {} });
  };
  return { graph: rewrite<Dim>(rest, () => undefined, { before }), image };
}
