import { describe, expect, it } from "vitest";
import { evaluate } from "../../test/reference/index.js";
import { GraphBuilder, type Graph, type Value } from "../graph/index.js";
import { createGenerator, tensor } from "../tensor/index.js";
import { gradient } from "./index.js";

type Form = (g: GraphBuilder, x: Value) => Value;

const gate = (g: GraphBuilder, u: Value): Value => g.op("Add", [g.op("Erf", [u]), g.scalar(1)]);
const divided = (g: GraphBuilder, x: Value): Value => g.op("Div", [x, g.scalar(Math.SQRT2)]);
const multiplied = (g: GraphBuilder, x: Value): Value => g.op("Mul", [g.scalar(Math.SQRT1_2), x]);

const FORMS: Readonly<Record<string, Form>> = {
  "PyTorch's": (g, x) => g.op("Mul", [g.op("Mul", [x, gate(g, divided(g, x))]), g.scalar(0.5)]),
  "half of x first": (g, x) => g.op("Mul", [g.op("Mul", [g.scalar(0.5), x]), gate(g, multiplied(g, x))]),
  "half of the gate first": (g, x) =>
    g.op("Mul", [x, g.op("Mul", [gate(g, multiplied(g, x)), g.scalar(0.5)])]),
  "other numbers": (g, x) => {
    const sum = g.op("Add", [g.scalar(0.7), g.op("Erf", [g.op("Mul", [x, g.scalar(1.3)])])]);
    return g.op("Mul", [g.scalar(2), g.op("Mul", [sum, x])]);
  },
  "its parts read elsewhere": (g, x) => {
    const [u, y] = [divided(g, x), g.op("Mul", [g.op("Mul", [x, gate(g, divided(g, x))]), g.scalar(0.5)])];
    return g.op("Add", [g.op("Mul", [y, gate(g, u)]), g.op("Mul", [u, y])]);
  },
  // None of one value: left to the rules of the parts.
  "erf of another value": (g, x) =>
    g.op("Mul", [g.op("Mul", [x, gate(g, g.op("Tanh", [x]))]), g.scalar(0.5)]),
  "a negative factor": (g, x) => g.op("Mul", [g.op("Mul", [x, gate(g, divided(g, x))]), g.scalar(-0.5)]),
};

function lossOf(form: Form, weighed: (g: GraphBuilder, y: Value) => Value = (_, y) => y): Graph {
  const g = new GraphBuilder("composite");
  const x = g.input("x", "float32", [3, 5]);
  const y = weighed(g, form(g, x));
  g.output(g.op("ReduceSum", [g.op("Mul", [y, g.input("v", "float32", [3, 5])])], { keepdims: 0 }), "loss");
  return g.build();
}

const drawn = (name: string): Float32Array =>
  createGenerator(3).stream(name).fillUniform(new Float32Array(15), -2, 2);

describe("a function in several nodes", () => {
  it.each(Object.keys(FORMS))("has the gradient of its parts: %s", (name) => {
    const graph = lossOf(FORMS[name]!);
    const [x, v] = [drawn("x"), drawn("v")];
    const at = (data: Float32Array) => ({
      x: tensor("float32", [3, 5], data),
      v: tensor("float32", [3, 5], v),
    });
    const whole = gradient(graph, { of: "loss", withRespectTo: ["x"] });
    const found = evaluate(whole, at(x))["x_grad"]!.data;
    x.forEach((value, i) => {
      // A power of two, so that float32 holds both places.
      const moved = (by: number): number => evaluate(graph, at(x.with(i, value + by)))["loss"]!.data[0]!;
      const [up, down] = [Math.fround(value + 2 ** -9), Math.fround(value - 2 ** -9)];
      const slope = (moved(up - value) - moved(down - value)) / (up - down);
      expect(found[i]).toBeCloseTo(slope, 4);
    });
  });

  it("takes fewer passes", () => {
    const passes = (name: string): number => {
      const { nodes, values } = gradient(lossOf(FORMS[name]!), { of: "loss", withRespectTo: ["x"] });
      return nodes.filter(({ outputs }) => values.get(outputs[0]!)!.shape.length === 2).length;
    };
    // The same nodes, differentiated one by one.
    expect(passes("PyTorch's")).toBe(passes("a negative factor") - 2);
  });

  it("passes a gradient to its numbers where it is wanted", () => {
    const g = new GraphBuilder("numbers");
    const x = g.input("x", "float32", [3, 5]);
    const half = g.initializer("half", tensor("float32", [], Float32Array.of(0.5)));
    const y = g.op("Mul", [g.op("Mul", [x, gate(g, divided(g, x))]), half]);
    g.output(g.op("ReduceSum", [y], { keepdims: 0 }), "loss");
    const graph = g.build();
    const feeds = { x: tensor("float32", [3, 5], drawn("x")) };
    const whole = evaluate(gradient(graph, { of: "loss", withRespectTo: ["half", "x"] }), feeds);
    expect(whole["half_grad"]!.data[0]).toBeCloseTo(2 * whole["loss"]!.data[0]!, 5);
    const alone = evaluate(gradient(graph, { of: "loss", withRespectTo: ["x"] }), feeds);
    whole["x_grad"]!.data.forEach((value, i) => expect(alone["x_grad"]!.data[i]).toBeCloseTo(value, 5));
  });

  it("passes a gradient to what is computed on its way where it is wanted", () => {
    const g = new GraphBuilder("parts");
    const x = g.input("x", "float32", [3, 5]);
    const product = g.op("Mul", [x, gate(g, divided(g, x))], {}, { name: "product" });
    g.output(g.op("ReduceSum", [g.op("Mul", [product, g.scalar(0.5)])], { keepdims: 0 }), "loss");
    const feeds = { x: tensor("float32", [3, 5], drawn("x")) };
    const found = evaluate(gradient(g.build(), { of: "loss", withRespectTo: ["product"] }), feeds);
    expect(Array.from(found["product_grad"]!.data)).toEqual(Array(15).fill(0.5));
  });
});
