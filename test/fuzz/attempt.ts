import { gradient } from "../../src/autodiff/index.js";
import { GraphBuilder } from "../../src/graph/index.js";
import { HoldfastError } from "../../src/errors/index.js";
import { bindBatch, classifierFromModel, fixedBatchSize } from "../../src/models/index.js";
import { readModel } from "../../src/onnx/index.js";
import { compile } from "../../src/runtime/index.js";
import { sizeOf, tensor } from "../../src/tensor/index.js";

/** How far a file came before it was refused. */
export type Outcome = "not read" | "no classifier" | "not differentiable" | "not run" | "ran";

/** Elements of all values: larger graphs are not run, as the time goes into the arithmetic that they ask for. */
const LARGEST_RUN = 1e6;

/**
 * Does with a model's bytes what every command does: reads, binds, differentiates and runs it.
 *
 * @throws whatever is no error for a user: that is what the fuzz test looks for.
 */
export async function attempt(bytes: Uint8Array, { run }: { readonly run: boolean }): Promise<Outcome> {
  let reached: Outcome = "not read";
  try {
    const model = readModel(bytes, { place: "fuzz.onnx" });
    reached = "no classifier";
    const classifier = classifierFromModel(model, "fuzz.onnx", { size: [8, 8], channels: 3 });
    const bound = bindBatch(classifier, fixedBatchSize(classifier) ?? 2);
    if (!run) return reached;
    reached = "not differentiable";
    const g = GraphBuilder.from(bound.graph);
    const loss = g.op("ReduceSum", [g.value(bound.logits)], { keepdims: 0 }, { name: "loss" });
    g.output(loss);
    const graph = gradient(g.build(), { of: loss.name, withRespectTo: [bound.image] });
    reached = "not run";
    const elements = [...graph.values.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    if (elements > LARGEST_RUN) return reached;
    const image = tensor("float32", graph.values.get(bound.image)!.shape);
    const program = await compile(graph, { threads: 1 });
    await program.run({ [bound.image]: image });
    await program.dispose();
    return "ran";
  } catch (error) {
    if (error instanceof HoldfastError) return reached;
    throw error;
  }
}
