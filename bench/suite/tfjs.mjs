// TensorFlow.js as a contestant, on WebAssembly: a ResNet of basic blocks, its logits. MODULES names the folder of its packages.
// It reads no ONNX, so the network is written here; its wasm backend has no gradient of a max pool, so there are no PGD steps.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { readSafetensors } from "../../dist/models/index.js";
import { serve } from "./contestant.mjs";

const modules = process.env["MODULES"];
const require = createRequire(join(modules, "_"));
const tf = require("@tensorflow/tfjs");
const { setWasmPaths, setThreadsCount } = require("@tensorflow/tfjs-backend-wasm");
const { model, size, batch, folder, threads } = JSON.parse(process.argv[2]);
const BLOCKS = { resnet18: [2, 2, 2, 2], resnet34: [3, 4, 6, 3] }[model];
if (BLOCKS === undefined) throw new Error(`${model} is not written here for TensorFlow.js`);
setWasmPaths(join(modules, "@tensorflow/tfjs-backend-wasm/dist/"));
setThreadsCount(threads);
await tf.setBackend("wasm");
await tf.ready();

const file = join(folder, "weights.safetensors");
const { tensors } = readSafetensors(readFileSync(file), { place: file });
const weights = new Map(
  [...tensors].map(([name, { data, shape }]) => [name, tf.tensor(Float32Array.from(data, Number), shape)]),
);
const named = (name) => weights.get(name);

const convolved = (x, name, stride, padding) =>
  tf.conv2d(x, tf.transpose(named(`${name}.weight`), [2, 3, 1, 0]), stride, padding);
const normalised = (x, name) =>
  tf.batchNorm(
    x,
    ...["running_mean", "running_var", "bias", "weight"].map((part) => named(`${name}.${part}`)),
    1e-5,
  );

function block(x, name, stride) {
  const first = tf.relu(normalised(convolved(x, `${name}.conv1`, stride, 1), `${name}.bn1`));
  const second = normalised(convolved(first, `${name}.conv2`, 1, 1), `${name}.bn2`);
  const shortcut = weights.has(`${name}.downsample.0.weight`)
    ? normalised(convolved(x, `${name}.downsample.0`, stride, 0), `${name}.downsample.1`)
    : x;
  return tf.relu(tf.add(second, shortcut));
}

function logitsOf(images) {
  const stem = tf.relu(normalised(convolved(images, "conv1", 2, 3), "bn1"));
  let x = tf.maxPool(stem, 3, 2, 1);
  for (const [group, blocks] of BLOCKS.entries())
    for (let i = 0; i < blocks; i++) x = block(x, `layer${group + 1}.${i}`, group > 0 && i === 0 ? 2 : 1);
  return tf.add(tf.matMul(tf.mean(x, [1, 2]), named("fc.weight"), false, true), named("fc.bias"));
}

const bytes = readFileSync(join(folder, "images.f32"));
const pixels = new Float32Array(new Uint8Array(bytes).buffer);
const images = tf.transpose(tf.tensor(pixels, [batch, 3, size, size]), [0, 2, 3, 1]);
const answer = async () => {
  const logits = tf.tidy(() => logitsOf(images));
  const values = await logits.data();
  logits.dispose();
  return values;
};
const check = [...(await answer())].slice(0, 17);
await serve({ check, versions: `tfjs ${tf.version.tfjs}, wasm` }, async () => {
  const started = performance.now();
  await answer();
  return performance.now() - started;
});
