import type { Dim, Graph } from "../graph/index.js";
import { tensor, type RandomGenerator, type RandomStream, type Tensor } from "../tensor/index.js";
import type { NoiseSpec } from "./defence.js";

/**
 * A further input of a randomised defence, `[N, …]`. It is drawn on the host with the counter-based
 * generator, so the graph itself stays deterministic and differentiable.
 */
export interface RandomInput {
  readonly name: string;
  readonly draw: NoiseSpec | ResizeDraw;
}

/**
 * One of the two matrices of Y = R_rows · X · R_columnsᵀ (`[N, 1, frame, from]`): nearest-neighbour
 * resizing to a random side length, at a random position in a frame of zeros.
 */
export interface ResizeDraw {
  readonly distribution: "resize";
  readonly axis: "rows" | "columns";
  readonly from: number;
  /** The side is uniform in [smallest, frame), or `smallest` if that range is empty; one draw for both axes. */
  readonly smallest: number;
  readonly frame: number;
}

/** The purpose of the draws and their number: two purposes never share a draw. */
export interface DrawAddress {
  readonly random: RandomGenerator;
  readonly purpose: string;
  /** The number of the draw: the same for all images, or one for each. */
  readonly draw: number | readonly number[];
}

/**
 * The random inputs for a batch. Those of an image depend only on the seed, the purpose, its index and
 * the number of the draw, never on the batch.
 *
 * @param indices places of the images in their dataset, one per image of the batch.
 */
export function drawRandomInputs(
  { graph, randomInputs = [] }: { graph: Graph<Dim>; randomInputs?: readonly RandomInput[] | undefined },
  indices: ArrayLike<number>,
  { random, purpose, draw }: DrawAddress,
): Record<string, Tensor> {
  const fed: Record<string, Tensor> = {};
  for (const { name, draw: spec } of randomInputs) {
    const shape = [indices.length, ...(graph.values.get(name)!.shape.slice(1) as number[])];
    const size = shape.slice(1).reduce((product, length) => product * length, 1);
    const data = new Float32Array(indices.length * size);
    // Both matrices of a resize read the same stream, to get the same side length.
    const what = spec.distribution === "resize" ? "resize" : name;
    for (let i = 0; i < indices.length; i++) {
      const stream = random.stream(
        `defence/${what}/${purpose}`,
        indices[i],
        typeof draw === "number" ? draw : draw[i],
      );
      fill(spec, stream, data.subarray(i * size, (i + 1) * size));
    }
    fed[name] = tensor("float32", shape, data);
  }
  return fed;
}

function fill(spec: RandomInput["draw"], stream: RandomStream, out: Float32Array): void {
  if (spec.distribution === "resize") fillResize(spec, stream, out);
  else if (spec.distribution === "normal") stream.fillNormal(out, spec.scale);
  else stream.fillUniform(out, -spec.scale, spec.scale);
}

function fillResize(
  { from, smallest, frame, axis }: ResizeDraw,
  stream: RandomStream,
  out: Float32Array,
): void {
  const side = smallest + stream.integer(Math.max(1, frame - smallest));
  const places = [stream.integer(frame - side + 1), stream.integer(frame - side + 1)];
  const first = places[axis === "rows" ? 0 : 1]!;
  for (let i = 0; i < side; i++) out[(first + i) * from + Math.floor((i * from) / side)] = 1;
}
