import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { GraphBuilder, modelFromGraph, type Graph } from "../graph/index.js";
import { writeModel } from "../onnx/index.js";
import { createGenerator, sizeOf } from "../tensor/index.js";
import { InferenceSession, Tensor } from "./onnxruntime.js";
import { fileOrder, runOrder } from "./order.js";

/** A random graph of sums and products, some of which nothing reads. */
function graphOf(seed: number): Graph {
  const drawn = createGenerator(seed).stream("graph").fillUniform(new Float32Array(200), 0, 1);
  const g = new GraphBuilder("random");
  const values = [g.input("x", "float32", [2]), g.input("y", "float32", [2])];
  for (let i = 0; i < 40; i++) {
    const pick = (k: number) => values[Math.floor(drawn[4 * i + k]! * values.length)]!;
    const inputs = drawn[4 * i]! < 0.2 ? [pick(1), pick(2), pick(3)] : [pick(1), pick(2)];
    values.push(g.op(inputs.length === 3 ? "Sum" : "Add", inputs));
  }
  const read = new Set(g.nodes.flatMap(({ inputs }) => inputs));
  for (const value of values.slice(2)) if (!read.has(value.name)) g.output(value);
  return g.build();
}

/** The names of the nodes in the order in which ONNX Runtime runs them, by its profile. */
async function profiled(graph: Graph): Promise<string[]> {
  const model = modelFromGraph(graph);
  const folder = mkdtempSync(join(tmpdir(), "order-"));
  try {
    const session = await InferenceSession.create(
      writeModel({ ...model, graph: { ...model.graph, nodes: fileOrder(model.graph.nodes) } }),
      {
        graphOptimizationLevel: "disabled",
        enableProfiling: true,
        profileFilePrefix: join(folder, "profile"),
        intraOpNumThreads: 1,
      },
    );
    const feeds = graph.inputs.map((name) => {
      const { shape } = graph.values.get(name)!;
      return [name, new Tensor("float32", new Float32Array(sizeOf(shape)), shape)] as const;
    });
    await session.run(Object.fromEntries(feeds));
    session.endProfiling();
    await session.release();
    const [file] = readdirSync(folder);
    const events = JSON.parse(readFileSync(join(folder, file!), "utf8")) as { cat: string; name: string }[];
    return events
      .filter(({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"))
      .map(({ name }) => name.replace("_kernel_time", ""));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([1, 2, 3, 4, 5])("the order that ONNX Runtime takes is known (graph %d)", async (seed) => {
  const graph = graphOf(seed);
  const order = runOrder(graph.nodes).map(({ name }) => name);
  expect(order).not.toEqual(graph.nodes.map(({ name }) => name));
  expect(await profiled(graph)).toEqual(order);
});
