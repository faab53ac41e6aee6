import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { bind, graphFromModel, type Dim, type Graph } from "../src/graph/index.js";
import { readSafetensors } from "../src/models/index.js";
import { readModel, type Model } from "../src/onnx/index.js";
import { compile } from "../src/runtime/index.js";
import { toNumbers, type Tensor } from "../src/tensor/index.js";
import { evaluate } from "./reference/index.js";

export interface NodeCase {
  readonly model: Model;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** ONNX's own node tests of a family of ops, by name; made by `scripts/fixtures/onnx_nodes.py`. */
export function nodeCases(family: string): ReadonlyMap<string, NodeCase> {
  const path = fileURLToPath(new URL(`fixtures/onnx-nodes/${family}.safetensors`, import.meta.url));
  const { tensors } = readSafetensors(readFileSync(path), { place: path });
  const cases = new Map<string, NodeCase>();
  for (const [key, { data }] of tensors) {
    const [name, part] = key.split("/") as [string, string];
    if (part !== "model") continue;
    const listed = (side: string): Tensor[] => {
      const found = Array.from({ length: 8 }, (_, i) => tensors.get(`${name}/${side}/${i}`));
      return found.filter((each) => each !== undefined);
    };
    const model = readModel(new Uint8Array(data as Uint8Array), { place: name });
    cases.set(name, { model, inputs: listed("in"), outputs: listed("out") });
  }
  return cases;
}

export interface NodeCaseOptions {
  /** Left open when the model is read, and bound afterwards. */
  readonly batchAxis?: number;
  /** Inputs from this one on are constants; 1 by default. */
  readonly constantsFrom?: number;
  /** Relative; 1e-5 by default. */
  readonly tolerance?: number;
}

/** The case as a graph whose batch was open when it was read. */
export function readCase({ model, inputs }: NodeCase, options: NodeCaseOptions = {}): Graph {
  const { batchAxis, constantsFrom = 1 } = options;
  const open = model.graph.inputs.slice(0, constantsFrom).map((input, i) => ({
    ...input,
    shape: inputs[i]!.shape.map((dim, axis): Dim => (axis === batchAxis ? "N" : dim)),
  }));
  const constants = model.graph.inputs
    .slice(constantsFrom)
    .map(({ name }, i) => [name, inputs[constantsFrom + i]!] as const);
  const initializers = new Map([...model.graph.initializers, ...constants]);
  const graph = graphFromModel(
    { ...model, graph: { ...model.graph, inputs: open, initializers } },
    { place: "m.onnx" },
  );
  return bind(graph, batchAxis === undefined ? {} : { N: inputs[0]!.shape[batchAxis]! });
}

/** That each case gives the values that ONNX says, in ONNX Runtime and in the reference. */
export function testNodeCases(
  cases: ReadonlyMap<string, NodeCase>,
  names: readonly string[],
  options: (name: string) => NodeCaseOptions = () => ({}),
): void {
  test.each(names)("%s", async (name) => {
    const each = cases.get(name)!;
    const { tolerance = 1e-5 } = options(name);
    const graph = readCase(each, options(name));
    const feeds = Object.fromEntries(graph.inputs.map((input, i) => [input, each.inputs[i]!]));
    const program = await compile(graph, { threads: 1 });
    const run = await program.run(feeds);
    await program.dispose();
    const exact = evaluate(graph, feeds);
    graph.outputs.forEach((output, i) => {
      const expected = each.outputs[i]!;
      for (const found of [run[output]!, exact[output]!]) {
        expect(found.shape).toEqual(expected.shape);
        expect(difference(toNumbers(found), toNumbers(expected))).toBeLessThan(tolerance);
      }
    });
  });
}

/** Of the largest difference to the largest finite number, where neither is as it should be not a number or infinite. */
function difference(actual: readonly number[], expected: readonly number[]): number {
  let [worst, scale] = [0, 1];
  expected.forEach((value, i) => {
    if (Object.is(value, actual[i]) || value === actual[i]) return;
    const apart = Math.abs(value - actual[i]!);
    worst = Math.max(worst, Number.isNaN(apart) ? Infinity : apart);
    scale = Math.max(scale, Math.abs(value));
  });
  return worst / scale;
}
