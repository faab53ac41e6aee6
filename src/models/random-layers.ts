import { UsageError } from "../errors/index.js";
import type { Dim, GraphBuilder, Value } from "../graph/index.js";
import type { NoiseSpec, RandomResize } from "./defence.js";
import type { RandomInput, ResizeDraw } from "./random-inputs.js";

type Activation = Value<Dim>;

/** Adds the random layers of a defence to a graph, and keeps a list of their inputs. */
export interface RandomLayers {
  readonly inputs: readonly RandomInput[];
  addNoise(x: Activation, name: string, noise: NoiseSpec): Activation;
  /** Y = R_rows · X · R_columnsᵀ, `[N, C, frame, frame]`. */
  resize(x: Activation, resize: RandomResize): Activation;
}

export function createRandomLayers(g: GraphBuilder<Dim>): RandomLayers {
  const inputs: RandomInput[] = [];
  return {
    inputs,
    addNoise(x, name, noise) {
      inputs.push({ name, draw: noise });
      const drawn = g.input(name, "float32", ["N", ...x.shape.slice(1)]);
      return g.op("Add", [x, drawn], {}, { name: `with_${name}` });
    },
    resize(x, { smallest, largest }) {
      if (!(smallest >= 1 && largest >= smallest)) {
        throw new UsageError({
          place: "randomResize",
          problem: `needs 1 ≤ smallest ≤ largest, found ${smallest} and ${largest}`,
        });
      }
      const matrix = (axis: ResizeDraw["axis"], from: number): Activation => {
        const frame = Math.round(from * largest);
        const name = `resize_${axis}`;
        inputs.push({
          name,
          draw: { distribution: "resize", axis, from, smallest: Math.round(from * smallest), frame },
        });
        return g.input(name, "float32", ["N", 1, frame, from]);
      };
      const [rows, columns] = [matrix("rows", x.shape[2] as number), matrix("columns", x.shape[3] as number)];
      const transposed = g.op("Transpose", [columns], { perm: [0, 1, 3, 2] });
      return g.op("MatMul", [g.op("MatMul", [rows, x]), transposed], {}, { name: "resized" });
    },
  };
}
