import { GraphBuilder, type Dim, type Graph, type Value } from "../graph/index.js";
import { float32 } from "../tensor/index.js";

/** What a foreign model expects instead of pixels in [0, 1], NCHW. */
export interface Preprocessing {
  /** Per-channel mean and deviation of pixels in [0, 1]; 0 and 1 by default. */
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  /** Greatest value of a pixel, such as 255; 1 by default. */
  readonly range?: number;
  /** Order of the input's axes; "NCHW" by default. */
  readonly layout?: "NCHW" | "NHWC";
}

export function isIdentity({ mean, std, range = 1, layout = "NCHW" }: Preprocessing): boolean {
  return mean === undefined && std === undefined && range === 1 && layout === "NCHW";
}

/**
 * Puts the preprocessing before the model, so that the new input, `[N, C, H, W]` in [0, 1],
 * gives its old input
 *
 *   u = range · (x − mean) / std ,   transposed to `[N, H, W, C]` where the layout asks for it.
 */
export function withPreprocessing(
  graph: Graph<Dim>,
  old: string,
  { mean, std, range = 1, layout = "NCHW" }: Preprocessing,
): { graph: Graph<Dim>; image: string } {
  const { shape } = graph.values.get(old)!;
  const [batch, ...rest] = shape;
  const [channels, height, width] = layout === "NCHW" ? rest : [rest[2]!, rest[0]!, rest[1]!];
  const g = new GraphBuilder<Dim>(graph.name);
  const taken = new Set([...graph.values.keys(), ...graph.nodes.map((node) => node.name)]);
  const fresh = (stem: string): string => {
    while (taken.has(stem)) stem = `${stem}_`;
    taken.add(stem);
    return stem;
  };
  const image = fresh("image");
  let x = g.input(image, "float32", [batch!, channels!, height!, width!]);
  const apply = (op: "Sub" | "Mul", name: string, values: readonly number[]): Value<Dim> => {
    const constant = g.initializer(fresh(`${name}_value`), float32([values.length, 1, 1], values));
    return g.op(op, [x, constant], {}, { name: fresh(name) });
  };
  if (mean !== undefined) x = apply("Sub", "centred", mean);
  if (std !== undefined || range !== 1) {
    x = apply(
      "Mul",
      "scaled",
      (std ?? [1]).map((deviation) => range / deviation),
    );
  }
  if (layout === "NHWC") x = g.op("Transpose", [x], { perm: [0, 2, 3, 1] }, { name: fresh("channels_last") });
  // Under its old name, so that nothing in the model changes.
  g.node({ name: fresh("preprocessed"), op: "Identity", inputs: [x.name], outputs: [old], attributes: {} });
  for (const [name, data] of graph.initializers) g.initializer(name, data);
  for (const node of graph.nodes) g.node(node);
  for (const output of graph.outputs) g.output(g.value(output));
  return { graph: g.build(), image };
}
