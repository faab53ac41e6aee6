// A step of an attack, or of a training with `--update`, with its maps in ONNX Runtime's blocked layout throughout, and with each
// convolution left to ONNX Runtime, in turns on the same machine (src/runtime/lowering/layout/). Finds `blockedGradients` and `plainShare` of
// src/runtime/lowering/costs.ts.
//   node bench/layout.mjs resnet50 8 224 [--update]        after npm run build; or an ONNX file, as it is or of an open image size
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { pgdStepGraph } from "../dist/attacks/pgd-step.js";
import { bindForInference, createClassifier, loadClassifier } from "../dist/models/index.js";
import { writeModel } from "../dist/onnx/index.js";
import { COSTS } from "../dist/runtime/lowering/costs.js";
import { lower } from "../dist/runtime/lowering/index.js";
import { InferenceSession, Tensor } from "../dist/runtime/onnxruntime.js";
import { sessionOptions } from "../dist/runtime/session-options.js";
import { createGenerator } from "../dist/tensor/index.js";
import { RECIPES } from "../dist/defences/index.js";
import { OPTIMISERS, updateGraph } from "../dist/training/index.js";
import { rounds, threads } from "./settings.mjs";

const { values: given, positionals } = parseArgs({
  options: { update: { type: "boolean" } },
  allowPositionals: true,
});
const [name, batch, size] = [positionals[0] ?? "resnet50", ...positionals.slice(1).map(Number)];
const random = createGenerator(0);
const classNames = Array.from({ length: 1000 }, (_, i) => String(i));
const built = { channels: 3, height: size, width: size, classNames, random };
const classifier = name.endsWith(".onnx")
  ? await loadClassifier(name, { size: [size, size], channels: 3 })
  : createClassifier(name, built);
const graph = given.update
  ? updateGraph(classifier, {
      batchSize: batch,
      weights: RECIPES.undefended.weights,
      optimiser: OPTIMISERS.sgd,
      decayAll: false,
      ema: false,
    }).graph
  : pgdStepGraph(bindForInference(classifier, batch), { norm: "linf" });

/** @param costs other than the usual ones. */
async function open(costs) {
  const started = performance.now();
  const lowered = await lower(graph, { standard: false, costs: { ...COSTS, ...costs } });
  const session = await InferenceSession.create(writeModel(lowered.model), {
    ...sessionOptions({ threads: Number(threads) }),
    graphOptimizationLevel: lowered.optimization ?? "all",
  });
  return { session, compiled: performance.now() - started, times: [], plainShare: lowered.plainShare };
}
const forms = {
  standard: await open({ blockedGradients: Infinity }),
  "in blocks": await open({ plainShare: 1 }),
};
const feeds = Object.fromEntries(
  graph.inputs.map((input) => {
    const { shape } = graph.values.get(input);
    const drawn = random
      .stream("bench", input)
      .fillUniform(new Float32Array(shape.reduce((a, b) => a * b, 1)), 0, 1);
    return [input, new Tensor("float32", classifier.graph.initializers.get(input)?.data ?? drawn, shape)];
  }),
);
const WARM_UPS = 3;
for (let i = 0; i < WARM_UPS + 5 * rounds; i++) {
  for (const { session, times } of Object.values(forms)) {
    const started = performance.now();
    await session.run(feeds);
    if (i >= WARM_UPS) times.push(performance.now() - started);
  }
}
const share = `${(100 * forms["in blocks"].plainShare).toFixed(0)} % outside of blocks`;
console.log(`${cpus()[0].model}, ${threads} threads, ${name}, batch ${batch}, ${size} × ${size}, ${share}`);
const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];
for (const [form, { session, times, compiled }] of Object.entries(forms)) {
  console.log(`${form}: ${median(times).toFixed(1)} ms a step, compiled in ${compiled.toFixed(0)} ms`);
  await session.release();
}
console.log(
  `${(median(forms.standard.times) / median(forms["in blocks"].times)).toFixed(2)} × as fast in blocks`,
);
