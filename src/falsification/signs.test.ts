import { expect, test } from "vitest";
import { appendGradients } from "../autodiff/index.js";
import { GraphBuilder } from "../graph/index.js";
import { compile } from "../runtime/index.js";
import { float32 } from "../tensor/index.js";
import { WIDE, WIDTH, withSoftSigns } from "./signs.js";

/** Σ Sign(z) over two rows, its values and its gradient. */
async function gradientOf(z: readonly number[], width: number): Promise<readonly [number[], number[]]> {
  const before = new GraphBuilder("signs");
  before.output(
    before.op("Sign", [before.input("z", "float32", [2, 3])], {}, { straightThrough: true }),
    "y",
  );
  const g = GraphBuilder.from(withSoftSigns(before.build(), 2), { keepOutputs: true });
  const total = g.op("ReduceSum", [g.value("y")], { keepdims: 0 });
  g.output(appendGradients(g, { of: total, withRespectTo: [g.value("z")] })[0]!, "gradient");
  const program = await compile(g.build());
  const said = await program.run({ z: float32([2, 3], [...z]), [WIDTH]: float32([2, 1], [width, width]) });
  await program.dispose();
  return [[...(said["y"]!.data as Float32Array)], [...(said["gradient"]!.data as Float32Array)]];
}

const Z = [0.5, -1, 4.5, 0, 30, -60];

test("values are the signs; an element counts by τ / (|z| + τ)², with τ of its own row", async () => {
  const [values, gradient] = await gradientOf(Z, 0.1);
  expect(values).toEqual([1, -1, 1, 0, 1, -1]);
  const expected = Z.map((z, i) => {
    const tau = 0.1 * (i < 3 ? 2 : 30);
    return tau / (Math.abs(z) + tau) ** 2;
  });
  gradient.forEach((value, i) => expect(value / expected[i]!).toBeCloseTo(1, 4));
});

test("a wide one counts all the same, as the straight-through estimate does", async () => {
  const [, gradient] = await gradientOf(Z, WIDE);
  for (const value of gradient.slice(0, 3)) expect(value / gradient[0]!).toBeCloseTo(1, 4);
});

test("a graph without signs stays as it is", () => {
  const g = new GraphBuilder("none");
  g.output(g.op("Relu", [g.input("z", "float32", [2])]), "y");
  const graph = g.build();
  expect(withSoftSigns(graph, 2)).toBe(graph);
});
