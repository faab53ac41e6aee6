// What reading an ONNX file and differentiating it takes beside its weights, and memory after each part.
//   npm run build && node bench/graph-work.mjs model.onnx [batch]
import { gradient } from "../dist/autodiff/index.js";
import { GraphBuilder } from "../dist/graph/index.js";
import { bindBatch, classifierFromModel } from "../dist/models/index.js";
import { readModelFile } from "../dist/onnx/index.js";

const [path, batch = "8"] = process.argv.slice(2);
let before = performance.now();
function said(part, result) {
  const now = performance.now();
  const resident = Math.round(process.memoryUsage().rss / 2 ** 20);
  console.log(`${part}: ${(now - before).toFixed(0)} ms, ${resident} MiB resident`);
  before = performance.now();
  return result;
}
const model = said("bytes and weights", await readModelFile(path));
const classifier = said("graph", classifierFromModel(model, path));
const bound = said("batch bound", bindBatch(classifier, Number(batch)));
const g = GraphBuilder.from(bound.graph);
const total = g.op("ReduceSum", [g.value(bound.logits)], { keepdims: 0 }, { name: "total" });
g.output(total);
const graph = said(
  "gradient by the image",
  gradient(g.build(), { of: total.name, withRespectTo: [bound.image] }),
);
console.log(`${classifier.graph.nodes.length} nodes, ${graph.nodes.length} with the gradient`);
