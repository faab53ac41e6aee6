import { describe, expect, it } from "vitest";
import { GraphBuilder, type Graph } from "../graph/index.js";
import { float32, tensor } from "../tensor/index.js";
import { compile } from "./index.js";

function affine(): Graph {
  const g = new GraphBuilder("affine");
  const x = g.input("x", "float32", [2, 3]);
  const weight = g.initializer("weight", float32([3, 2], [1, 2, 3, 4, 5, 6]));
  const product = g.op("MatMul", [x, g.op("Neg", [weight])]);
  g.output(product, "y");
  g.output(g.op("Relu", [product]), "positive");
  return g.build();
}

describe("compile", () => {
  it("runs a graph, whole or only what is fetched", async () => {
    const program = await compile(affine(), { threads: 1 });
    const x = float32([2, 3], [1, 0, 0, 0, -1, 0]);
    const { y, positive } = await program.run({ x });
    expect(Array.from(y!.data as Float32Array)).toEqual([-1, -2, 3, 4]);
    expect(positive!.shape).toEqual([2, 2]);
    expect(Object.keys(await program.run({ x }, ["positive"]))).toEqual(["positive"]);
    await program.dispose();
    await program.dispose();
    await expect(program.run({ x })).rejects.toThrow(/disposed/);
  });

  it("names the input that is missing, or of the wrong shape or type", async () => {
    const program = await compile(affine(), { threads: 1 });
    await expect(program.run({})).rejects.toThrow(/input "x": was not fed; it is float32\[2, 3\]/);
    await expect(program.run({ x: float32([3], [1, 2, 3]) })).rejects.toThrow(/found float32\[3\]/);
    const integers = tensor("int64", [2, 3]);
    await expect(program.run({ x: integers })).rejects.toThrow(/found int64\[2, 3\]/);
    await program.dispose();
  });

  // With all of its optimisers ONNX Runtime takes such weights as constants; otherwise they are prepared.
  it.each(["all", "extended"] as const)(
    "takes inputs that stay the same, until another is fed (%s)",
    async (optimization) => {
      const g = new GraphBuilder("steady");
      const [x, w] = [g.input("x", "float32", [1, 2]), g.input("w", "float32", [2, 2])];
      const product = g.op("MatMul", [x, g.op("Neg", [w])]);
      g.output(g.op("Add", [product, g.op("ReduceSum", [w])]), "y");
      g.output(g.op("Abs", [w]), "size");
      const program = await compile(g.build(), { threads: 1, optimization, steady: ["w"] });
      const [one, two] = [float32([2, 2], [1, 0, 0, 1]), float32([2, 2], [-2, 0, 0, 2])];
      const ask = async (fed: typeof one, ...at: [number, number]) => {
        const { y, size } = await program.run({ x: float32([1, 2], at), w: fed });
        return [Array.from(y!.data as Float32Array), Array.from(size!.data as Float32Array)];
      };
      expect(await ask(one, 3, 4)).toEqual([
        [-1, -2],
        [1, 0, 0, 1],
      ]);
      expect(await ask(one, 5, 6)).toEqual([
        [-3, -4],
        [1, 0, 0, 1],
      ]);
      expect(await ask(two, 5, 6)).toEqual([
        [10, -12],
        [2, 0, 0, 2],
      ]);
      expect(await ask(one, 3, 4)).toEqual([
        [-1, -2],
        [1, 0, 0, 1],
      ]);
      await expect(program.run({ x: float32([1, 2], [0, 0]) })).rejects.toThrow(/input "w": was not fed/);
      await program.dispose();
    },
  );

  it("takes a steady input of which nothing is made beforehand", async () => {
    const g = new GraphBuilder("direct");
    g.output(g.op("MatMul", [g.input("x", "float32", [1, 1]), g.input("w", "float32", [1, 1])]), "y");
    const program = await compile(g.build(), { threads: 1, optimization: "extended", steady: ["w"] });
    const { y } = await program.run({ x: float32([1, 1], [3]), w: float32([1, 1], [2]) });
    expect(Array.from(y!.data as Float32Array)).toEqual([6]);
    await program.dispose();
  });
});
