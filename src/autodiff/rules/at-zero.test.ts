import { expect, test } from "vitest";
import { evaluate } from "../../../test/reference/index.js";
import { GraphBuilder, type Graph, type Value } from "../../graph/index.js";
import { compile } from "../../runtime/index.js";
import { tensor } from "../../tensor/index.js";
import { gradient } from "../index.js";

type Form = (g: GraphBuilder, x: Value) => Value;

/** Each has no derivative at 0, and there the gradient is 0. A row of zeros must not spoil that of the other row. */
const FORMS: Readonly<Record<string, readonly [Form, (x: readonly number[]) => readonly number[]]>> = {
  "a square root": [
    (g, x) => g.op("Sqrt", [g.op("Mul", [x, x])]),
    (x) => x.map((each) => (each === 0 ? 0 : Math.sign(each))),
  ],
  "a power below 1": [
    (g, x) => g.op("Pow", [g.op("Abs", [x]), g.scalar(0.5)]),
    (x) => x.map((each) => (each === 0 ? 0 : (0.5 * Math.sign(each)) / Math.sqrt(Math.abs(each)))),
  ],
  "a norm": [
    (g, x) => g.op("ReduceL2", [x, g.ints([1])], { keepdims: 1 }),
    (x) => x.map((each) => (each === 0 ? 0 : each / Math.hypot(...x))),
  ],
};

function lossOf(form: Form): Graph {
  const g = new GraphBuilder("at zero");
  const x = g.input("x", "float32", [2, 3]);
  g.output(g.op("ReduceSum", [form(g, x)], { keepdims: 0 }), "loss");
  return g.build();
}

test.each(Object.entries(FORMS))(
  "%s of zeros has the gradient 0, and so has its gradient",
  async (_, [form, slope]) => {
    const row = [0.5, -2, 0.25];
    const x = tensor("float32", [2, 3], Float32Array.of(0, 0, 0, ...row));
    const once = gradient(lossOf(form), { of: "loss", withRespectTo: ["x"] });
    const expected = [0, 0, 0, ...slope(row)];
    const program = await compile(once, { threads: 1 });
    for (const values of [evaluate(once, { x }), await program.run({ x })]) {
      const found = Array.from(values["x_grad"]!.data as ArrayLike<number>);
      found.forEach((each, i) => expect(each).toBeCloseTo(expected[i]!, 6));
    }
    await program.dispose();
    const g = GraphBuilder.from(once);
    g.output(
      g.op("ReduceSum", [g.op("Mul", [g.value("x_grad"), g.value("x_grad")])], { keepdims: 0 }),
      "size",
    );
    const twice = gradient(g.build(), { of: "size", withRespectTo: ["x"] });
    const second = evaluate(twice, { x });
    const name = twice.outputs.find(
      (each) => each !== "x_grad" && each.endsWith("_grad") && each.startsWith("x"),
    )!;
    expect(Array.from(second[name]!.data as ArrayLike<number>).every(Number.isFinite)).toBe(true);
  },
);
