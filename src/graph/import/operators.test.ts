import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { appendGradients } from "../../autodiff/index.js";
import { readModel } from "../../onnx/index.js";
import { compile } from "../../runtime/index.js";
import { tensor, toNumbers, type Tensor } from "../../tensor/index.js";
import { relativeError } from "../../../test/fixture.js";
import { int, modelOf, node, text, vector } from "../../../test/model.js";
import { bind, graphFromModel, GraphBuilder, verifyGraph, type Graph } from "../index.js";

interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly name: string;
  readonly model: string;
  readonly inputs: Readonly<Record<string, Plain>>;
  readonly outputs: Readonly<Record<string, Plain>>;
}

const CASES = ["operators", "foreign-operators"].flatMap(
  (name) => JSON.parse(readFileSync(`test/fixtures/${name}.json`, "utf8")) as readonly Case[],
);

const graphOf = ({ name, model }: Case): Graph =>
  bind(graphFromModel(readModel(Buffer.from(model, "base64"), { place: name }), { place: name }), {});

async function run(graph: Graph, inputs: Case["inputs"]): Promise<Record<string, Tensor>> {
  const feeds = Object.entries(inputs).map(
    ([name, { shape, data }]) => [name, tensor("float32", shape, Float32Array.from(data))] as const,
  );
  const program = await compile(graph, { threads: 1 });
  const outputs = await program.run(Object.fromEntries(feeds));
  await program.dispose();
  return outputs;
}

describe("ops of every opset match ONNX Runtime", () => {
  test.each(CASES.map((each) => [each.name, each] as const))("%s", async (_, each) => {
    const graph = graphOf(each);
    verifyGraph(graph);
    const outputs = await run(graph, each.inputs);
    for (const [name, { shape, data }] of Object.entries(each.outputs)) {
      expect(outputs[name]!.shape).toEqual(shape);
      expect(relativeError(toNumbers(outputs[name]!), data)).toBeLessThan(1e-5);
    }
  });
});

/** Ops expressed by others. The gradient of a weighted sum of y is compared with finite differences. */
const COMPOSED =
  /^(Resize|Upsample|GridSample|AffineGrid|DepthToSpace|SpaceToDepth|CenterCropPad|ReverseSequence|DFT|STFT|com\.microsoft\.MatMul|ai\.onnx\.ml\.)/;
const STEP = 0.01;

describe("gradients match numerical ones", () => {
  const composed = CASES.filter(({ name }) => COMPOSED.test(name));
  test.each(composed.map((each) => [each.name, each] as const))("%s", async (_, each) => {
    const g = GraphBuilder.from(graphOf(each), { keepOutputs: true });
    const y = g.value("y");
    const weights = Float32Array.from({ length: y.shape.reduce((a, b) => a * b, 1) }, (__, i) =>
      Math.sin(i + 1),
    );
    const weighted = g.op("Mul", [y, g.constant(tensor("float32", y.shape, weights))]);
    const loss = g.op("ReduceSum", [weighted], { keepdims: 0 });
    // The output has kinks in the grid's values, but is linear in the image's.
    const [gradient] = appendGradients(g, { of: loss, withRespectTo: [g.value("x")] });
    g.output(loss, "loss");
    g.output(gradient!, "gradient");
    const graph = g.build();
    const found = toNumbers((await run(graph, each.inputs))["gradient"]!);
    const program = await compile(graph, { threads: 1 });
    const feeds = Object.fromEntries(
      Object.entries(each.inputs).map(([name, { shape, data }]) => [
        name,
        tensor("float32", shape, Float32Array.from(data)),
      ]),
    );
    const lossAt = async (i: number, shift: number): Promise<number> => {
      const { shape, data } = each.inputs["x"]!;
      const moved = tensor("float32", shape, Float32Array.from(data.with(i, data[i]! + shift)));
      return toNumbers((await program.run({ ...feeds, x: moved }, ["loss"]))["loss"]!)[0]!;
    };
    const numeric: number[] = [];
    for (let i = 0; i < found.length; i++) {
      numeric.push(((await lossAt(i, STEP)) - (await lossAt(i, -STEP))) / (2 * STEP));
    }
    await program.dispose();
    expect(relativeError(found, numeric)).toBeLessThan(2e-3);
  });

  test("GridSample passes a gradient to its grid", async () => {
    const each = CASES.find(({ name }) => name === "GridSample, opset 20, linear, zeros, align_corners 0")!;
    const g = GraphBuilder.from(graphOf(each));
    const loss = g.op("ReduceSum", [g.value("y")], { keepdims: 0 });
    const [gradient] = appendGradients(g, { of: loss, withRespectTo: [g.value("grid")] });
    g.output(loss, "loss");
    g.output(gradient!, "gradient");
    const graph = g.build();
    const lossAt = async (grid: readonly number[]): Promise<Record<string, Tensor>> =>
      run(graph, { ...each.inputs, grid: { ...each.inputs["grid"]!, data: grid } });
    const { data } = each.inputs["grid"]!;
    const found = toNumbers((await lossAt(data))["gradient"]!);
    const moved = async (i: number, shift: number): Promise<number> =>
      toNumbers((await lossAt(data.with(i, data[i]! + shift)))["loss"]!)[0]!;
    const numeric: number[] = [];
    for (let i = 0; i < data.length; i++) {
      numeric.push(((await moved(i, 1e-3)) - (await moved(i, -1e-3))) / 2e-3);
    }
    expect(relativeError(found, numeric)).toBeLessThan(5e-3);
  });
});

test("an image is resized to sizes computed from an open batch", () => {
  const nodes = [
    node("Shape", ["x"], "s"),
    node("Slice", ["s", "zero", "two"], "front"),
    node("Concat", ["front", "sizes"], "target", { axis: int(0) }),
    node("Resize", ["x", "", "", "target"], "y", { mode: text("linear") }),
  ];
  const model = modelOf(nodes, { zero: vector(0), two: vector(2), sizes: vector(5, 16) });
  const graph = graphFromModel(model, { place: "m" });
  expect(graph.values.get("y")!.shape).toEqual(["N", 3, 5, 16]);
});
