import { describe, expect, test } from "vitest";
import { relativeError } from "../../../../test/fixture.js";
import { int, modelOf, node, real, text } from "../../../../test/model.js";
import { nodeCases, testNodeCases } from "../../../../test/onnx-nodes.js";
import { runOriginal } from "../../../../test/original.js";
import type { Attribute, Model } from "../../../onnx/index.js";
import { compile } from "../../../runtime/index.js";
import { createGenerator, float32, int64, tensor, type Tensor } from "../../../tensor/index.js";
import { bind } from "../../passes/bind.js";
import { graphFromModel } from "../import.js";

const cases = nodeCases("recurrent");

describe("ONNX's node tests of recurrent layers", () => {
  // The states of the peephole case have its batch size.
  testNodeCases(cases, [...cases.keys()], (name) =>
    name.includes("peepholes") ? {} : { batchAxis: name.includes("batchwise") ? 0 : 1 },
  );
});

const [STEPS, BATCH, INPUT, SIZE] = [5, 2, 3, 4];
const GATES: Readonly<Record<string, number>> = { RNN: 1, GRU: 3, LSTM: 4 };

function random(name: string, shape: readonly number[]): Tensor<"float32"> {
  const data = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
  createGenerator(11).stream(name).fillUniform(data, -1, 1);
  return tensor("float32", shape, data);
}

const lengths = (...values: number[]): Tensor => tensor("int32", [values.length], Int32Array.from(values));
const texts = (...value: string[]): Attribute => ({ kind: "strings", value });
const reals = (...value: number[]): Attribute => ({ kind: "floats", value });

/** A layer on `x [T, B, input]` with the optional inputs that `given` names. */
function layer(
  op: string,
  given: readonly string[],
  attributes: Readonly<Record<string, Attribute>>,
  batch: number | string = BATCH,
): Model {
  const gates = GATES[op]!;
  const both = attributes["direction"]?.value === "bidirectional" ? 2 : 1;
  const constants: Record<string, Tensor> = {
    W: random("W", [both, gates * SIZE, INPUT]),
    R: random("R", [both, gates * SIZE, SIZE]),
    B: random("B", [both, 2 * gates * SIZE]),
    lengths: lengths(STEPS, STEPS),
    h: random("h", [both, BATCH, SIZE]),
    c: random("c", [both, BATCH, SIZE]),
    P: random("P", [both, 3 * SIZE]),
  };
  const names = ["B", "lengths", "h", "c", "P"].slice(0, op === "LSTM" ? 5 : 3);
  const inputs = ["x", "W", "R", ...names.map((name) => (given.includes(name) ? name : ""))];
  const outputs = op === "LSTM" ? ["y", "last", "carried"] : ["y", "last"];
  const used = Object.entries(constants).filter(([name]) => inputs.includes(name));
  const model = modelOf(
    [node(op, inputs, outputs, { hidden_size: int(SIZE), ...attributes })],
    Object.fromEntries(used),
    { input: { shape: [STEPS, batch, INPUT] } },
  );
  const all = outputs.map((name) => ({ name, dtype: "float32" as const, shape: undefined }));
  return { ...model, graph: { ...model.graph, outputs: all } };
}

const bidirectional = { direction: text("bidirectional") };

describe("recurrent layers match ONNX Runtime", () => {
  test.each<[string, string, readonly string[], Readonly<Record<string, Attribute>>]>([
    ["plain", "RNN", [], {}],
    ["both ways, from a state", "RNN", ["B", "lengths", "h"], bidirectional],
    ["clipped", "RNN", ["B"], { clip: real(0.4) }],
    [
      "with an affine and a scaled function",
      "RNN",
      ["B"],
      {
        ...bidirectional,
        activations: texts("Affine", "ScaledTanh"),
        activation_alpha: reals(0.7, 1.5),
        activation_beta: reals(0.1, 0.6),
      },
    ],
    ["leaky", "RNN", ["B"], { activations: texts("LeakyRelu"), activation_alpha: reals(0.3) }],
    ["thresholded", "RNN", ["B"], { activations: texts("ThresholdedRelu"), activation_alpha: reals(0.2) }],
    ["plain", "GRU", [], {}],
    ["both ways, from a state", "GRU", ["B", "h"], bidirectional],
    ["reset last", "GRU", ["B", "h"], { linear_before_reset: int(1) }],
    ["reset last, from zeros", "GRU", ["B"], { linear_before_reset: int(1), direction: text("reverse") }],
    ["reset last, without biases", "GRU", ["h"], { linear_before_reset: int(1) }],
    ["clipped", "GRU", ["B", "h"], { clip: real(0.3) }],
    ["of other functions", "GRU", ["B"], { activations: texts("HardSigmoid", "Softsign") }],
    ["plain", "LSTM", [], {}],
    ["both ways, from states", "LSTM", ["B", "h", "c"], bidirectional],
    ["from a hidden state alone", "LSTM", ["B", "h"], { direction: text("reverse") }],
    ["from a carried state alone", "LSTM", ["B", "c"], {}],
    ["with peepholes", "LSTM", ["B", "h", "c", "P"], bidirectional],
    ["with peepholes, from zeros", "LSTM", ["B", "P"], {}],
    ["coupled gates", "LSTM", ["B", "h", "c", "P"], { input_forget: int(1) }],
    ["clipped", "LSTM", ["B", "h", "c", "P"], { clip: real(0.3) }],
    ["of other functions", "LSTM", ["B"], { activations: texts("Sigmoid", "Elu", "Softplus") }],
  ])("%s %s", async (_, op, given, attributes) => {
    const model = layer(op, given, attributes);
    const feeds = { x: random("x", [STEPS, BATCH, INPUT]) };
    const graph = bind(graphFromModel(model, { place: "m" }), {});
    const program = await compile(graph, { threads: 1 });
    const found = await program.run(feeds);
    await program.dispose();
    for (const [name, { shape, data }] of Object.entries(await runOriginal(model, feeds))) {
      expect(found[name]!.shape).toEqual(shape);
      expect(relativeError(found[name]!.data as Float32Array, data as Float32Array)).toBeLessThan(1e-5);
    }
  });
});

test("the batch stays open", () => {
  const sequence = layer("LSTM", ["B"], bidirectional, "N");
  expect(graphFromModel(sequence, { place: "m" }).values.get("y")!.shape).toEqual([STEPS, 2, "N", SIZE]);
});

test.each<[string, Model, RegExp]>([
  ["an unknown direction", layer("RNN", [], { direction: text("up") }), /direction "up" is not known/],
  [
    "an unknown activation",
    layer("RNN", [], { activations: texts("Wave") }),
    /activation "Wave" is not known/,
  ],
  ["too few activations", layer("LSTM", [], { activations: texts("Tanh") }), /1 activations, expected 3/],
  ["weights of another size", layer("GRU", [], { hidden_size: int(3) }), /do not fit 3 units/],
  ["an open length", layer("RNN", [], { layout: int(1) }, "N"), /steps can be unrolled/],
])("refused: %s", (_, model, words) => {
  expect(() => graphFromModel(model, { place: "m" })).toThrow(words);
});

test("layers with too many steps in all are refused before memory runs out", () => {
  const weights = (rows: number): Tensor<"float32"> => float32([1, rows, 1], new Float32Array(rows));
  const layers = Array.from({ length: 40 }, (_, i) => [
    node("LSTM", [i === 0 ? "x" : `s${i}`, "W", "R"], [`h${i}`], { hidden_size: int(1) }),
    node("Squeeze", [`h${i}`, "one"], i === 39 ? "y" : `s${i + 1}`),
  ]).flat();
  const constants = { W: weights(4), R: weights(4), one: int64([1], [1]) };
  const model = modelOf(layers, constants, { input: { shape: [1024, 1, 1] } });
  expect(() => graphFromModel(model, { place: "m" })).toThrow(
    /so many nodes that the model has more than 60000/,
  );
});
