import { rewrite, type Dim, type Graph, type GraphBuilder, type Value } from "../graph/index.js";
import { float32 } from "../tensor/index.js";

/** What a foreign model expects instead of pixels in [0, 1], NCHW, red first. */
export interface Preprocessing {
  /** Per-channel mean and deviation of pixels in [0, 1], in the order of the model's channels; 0 and 1 by default. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Greatest value of a pixel, such as 255; 1 by default. */
  readonly range?: number;
  /** Order of the input's axes; "NCHW" by default. */
  readonly layout?: "NCHW" | "NHWC";
  /** Order of the model's colours; "RGB" by default, "BGR" for models of Caffe and OpenCV. */
  readonly channelOrder?: "RGB" | "BGR";
}

export function isIdentity({
  mean,
  std,
  range = 1,
  layout = "NCHW",
  channelOrder = "RGB",
}: Preprocessing): boolean {
  return (
    mean === undefined && std === undefined && range === 1 && layout === "NCHW" && channelOrder === "RGB"
  );
}

/**
 * Puts the preprocessing before the model, so that the new input, `[N, C, H, W]` in [0, 1],
 * gives its old input
 *
 *   u = range · (x − mean) / std ,   x with blue first where the order asks for it,
 *
 * transposed to `[N, H, W, C]` where the layout asks for it.
 */
export function withPreprocessing(
  graph: Graph<Dim>,
  old: string,
  { mean, std, range = 1, layout = "NCHW", channelOrder = "RGB" }: Preprocessing,
): { graph: Graph<Dim>; image: string } {
  const { shape } = graph.values.get(old)!;
  const [batch, ...axes] = shape;
  const [channels, height, width] = layout === "NCHW" ? axes : [axes[2]!, axes[0]!, axes[1]!];
  const rest = { ...graph, inputs: graph.inputs.filter((name) => name !== old) };
  let image = "image";
  const before = (g: GraphBuilder<Dim>): void => {
    while (graph.values.has(image)) image += "_";
    let x = g.input(image, "float32", [batch!, channels!, height!, width!]);
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
    if (layout === "NHWC") x = g.op("Transpose", [x], { perm: [0, 2, 3, 1] }, { name: "channels_last" });
    // Under its old name, so that nothing in the model changes.
    g.node({ name: "preprocessed", op: "Identity", inputs: [x.name], outputs: [old], attributes: {} });
  };
  return { graph: rewrite<Dim>(rest, () => undefined, { before }), image };
}
