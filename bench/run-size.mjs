// A PGD step of so many images in a run, in ms an image, in turns. Finds the pixels of a run in src/runtime/rows-per-run.ts.
//   npm run build && node bench/run-size.mjs resnet50 224 8,4,2
//   node bench/run-size.mjs swin_t.onnx 224 8,4
import { pgdStepGraph } from "../dist/attacks/index.js";
import { deadCode } from "../dist/graph/index.js";
import { bindForInference, createClassifier, loadClassifier } from "../dist/models/index.js";
import { compile } from "../dist/runtime/index.js";
import { createGenerator, float32 } from "../dist/tensor/index.js";

const [model, side, sizes] = process.argv.slice(2);
if (sizes === undefined) {
  console.error(
    "run-size.mjs: name a model, the side of its images and sizes: node bench/run-size.mjs resnet50 224 8,4,2",
  );
  process.exit(2);
}
const [height, width] = [Number(side), Number(side)];
const random = createGenerator(0);
const classNames = Array.from({ length: 17 }, (_, k) => String(k));
const classifier = model.endsWith(".onnx")
  ? await loadClassifier(model)
  : createClassifier(model, { channels: 3, height, width, classNames, random });
const rows = sizes.split(",").map(Number);
const most = Math.max(...rows);

const contestants = [];
for (const size of rows) {
  const graph = deadCode(pgdStepGraph(bindForInference(classifier, size), { norm: "linf" }));
  const feeds = Object.fromEntries(
    graph.inputs.map((name) => {
      const { shape } = graph.values.get(name);
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      return [name, float32(shape, random.stream(name).fillUniform(data, 0, 1))];
    }),
  );
  contestants.push({ size, feeds, program: await compile(graph, { threads: 2 }), times: [] });
}
for (let round = -2; round < Number(process.env.ROUNDS ?? 7); round++) {
  for (const { size, feeds, program, times } of contestants) {
    const started = performance.now();
    for (let done = 0; done < most; done += size) await program.run(feeds);
    if (round >= 0) times.push((performance.now() - started) / most);
  }
}
for (const { size, times } of contestants)
  console.log(`${size} at a time: ${times.sort((a, b) => a - b)[times.length >> 1].toFixed(1)} ms an image`);
