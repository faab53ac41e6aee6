// @jax-js/onnx as a contestant, on WebAssembly: logits and PGD steps. MODULES names the folder of its packages.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { serve } from "./contestant.mjs";

const require = createRequire(join(process.env["MODULES"], "_"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { task, size, batch, folder } = JSON.parse(process.argv[2]);
const jax = (await load("@jax-js/jax")).default ?? (await load("@jax-js/jax"));
const { ONNXModel } = await load("@jax-js/onnx");
const { numpy: np, nn, grad, jit } = jax;
await jax.init("wasm");
jax.defaultDevice("wasm");

const bytes = readFileSync(join(folder, "images.f32"));
const pixels = new Float32Array(new Uint8Array(bytes).buffer);
const shape = [batch, 3, size, size];
const model = new ONNXModel(new Uint8Array(readFileSync(join(folder, "model.onnx"))));
const [CLASSES, STEPS, EPSILON, ALPHA] = [17, 4, 8 / 255, 2 / 255];
const labels = new Int32Array(batch).map((_, i) => i % CLASSES);
const targets = new Float32Array(batch * CLASSES);
for (const [i, label] of labels.entries()) targets[i * CLASSES + label] = 1;

const arrayOf = (values, dims = shape) => np.array(values, { shape: dims, dtype: np.float32 });
const logitsOf = jit((image) => model.run({ image }).logits);
const gradient = jit(
  grad((image) => {
    const logProbabilities = nn.logSoftmax(model.run({ image }).logits);
    return np.sum(logProbabilities.mul(arrayOf(targets, [batch, CLASSES]))).mul(-1);
  }),
);

/** Steps from the images themselves; the ball is kept here, which costs next to nothing. */
async function attack(steps) {
  const x = Float32Array.from(pixels);
  for (let step = 0; step < steps; step++) {
    const slope = await gradient(arrayOf(x)).data();
    for (let i = 0; i < x.length; i++) {
      const moved = x[i] + ALPHA * Math.sign(slope[i]);
      const inside = Math.max(pixels[i] - EPSILON, Math.min(pixels[i] + EPSILON, moved));
      x[i] = Math.max(0, Math.min(1, inside));
    }
  }
  return x;
}

const answer = async (x) => logitsOf(arrayOf(x)).data();
async function timed(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
const versions = `@jax-js/onnx ${require(join(process.env["MODULES"], "@jax-js/onnx/package.json")).version}, wasm`;

if (task === "forward") {
  const check = [...(await answer(pixels))].slice(0, CLASSES);
  await serve({ check, versions }, () => timed(() => answer(pixels)));
} else {
  const logits = await answer(await attack(STEPS));
  const check = Array.from({ length: Math.min(8, batch) }, (_, i) => {
    const row = logits.subarray(i * CLASSES, (i + 1) * CLASSES);
    const peak = Math.max(...row);
    return peak + Math.log(row.reduce((sum, value) => sum + Math.exp(value - peak), 0)) - row[labels[i]];
  });
  await serve({ check, versions }, async () => {
    const one = await timed(() => attack(1));
    return ((await timed(() => attack(STEPS + 1))) - one) / STEPS;
  });
}
