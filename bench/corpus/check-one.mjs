// One model of the corpus, read, differentiated, compiled and run through the public API, and compared with PyTorch in
// float64. Called by check.mjs; what is known after each stage is a line of JSON on stdout.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { appendGradients } from "../../dist/autodiff/index.js";
import { readAsLogits } from "../../dist/evaluation/probabilities.js";
import { deadCode, GraphBuilder, parametersAsInputs } from "../../dist/graph/index.js";
import { crossEntropy } from "../../dist/losses/cross-entropy.js";
import { bindBatch, bindForInference, fixedBatchSize, loadClassifier } from "../../dist/models/index.js";
import { readModelFile } from "../../dist/onnx/index.js";
import { compile } from "../../dist/runtime/index.js";
import { tensor } from "../../dist/tensor/index.js";

import { flipped, gradientPasses } from "./tolerance.mjs";

const [path, lastStage = "run"] = process.argv.slice(2);
const say = (facts) => console.log(JSON.stringify(facts));
const seconds = {};

/** Runs a stage and says how long it took; what it throws ends the process. */
async function stage(name, work) {
  say({ stage: name });
  const started = performance.now();
  try {
    return await work();
  } catch (error) {
    const kind = error instanceof Error ? error.constructor.name : "thrown";
    say({ problem: `${kind}: ${error.message}`, stack: kind.endsWith("InputError") ? "" : error.stack });
    process.exit(0);
  } finally {
    seconds[name] ??= (performance.now() - started) / 1000;
    say({ seconds });
  }
}

function product(shape) {
  return shape.reduce((a, b) => a * b, 1);
}

/** What export.py wrote of the model, or of this way of exporting it. */
function reference() {
  const stem = path.replace(/\.onnx$/, "");
  const own = existsSync(`${stem}.reference.json`) ? `${stem}.reference` : join(dirname(path), "reference");
  const about = JSON.parse(readFileSync(`${own}.json`, "utf8"));
  const bytes = readFileSync(`${own}.bin`);
  const all = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const [ofImages, ofLogits] = [product(about.images), product(about.logits)];
  const weights = join(dirname(path), "weights.bin");
  return {
    about,
    images: Float32Array.from(all.subarray(0, ofImages)),
    logits: all.subarray(ofImages, ofImages + ofLogits),
    gradient: all.subarray(ofImages + ofLogits),
    weights:
      own.endsWith("/reference") && existsSync(weights) ? parted(about.weights, readFileSync(weights)) : {},
  };
}

/** Whether an initializer is PyTorch's weight still: exporters fold BatchNorm into weights and keep the name. */
function isWeight(initializer, { shape, size }) {
  if (initializer?.shape.join() !== shape.join()) return false;
  const found = initializer.data.reduce((sum, value) => sum + Math.abs(value), 0);
  return Math.abs(found - size) <= 1e-4 * size;
}

function parted(weights, bytes) {
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  let place = 0;
  const parts = Object.entries(weights).map(([name, { shape, torch, size }]) => {
    const length = product(shape);
    place += length;
    return [name, { shape, torch, size, gradient: all.subarray(place - length, place) }];
  });
  return Object.fromEntries(parts);
}

/** Differences of each image over the greatest value of all. */
function errors(found, expected, rows) {
  const each = expected.length / rows;
  const most = greatest(expected) || 1;
  return Array.from({ length: rows }, (_, row) => {
    const [first, end] = [row * each, (row + 1) * each];
    const own = expected.subarray(first, end);
    return (error(found.subarray(first, end), own) * (greatest(own) || 1)) / most;
  });
}

/** Greatest difference over greatest value. */
function error(found, expected) {
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs(found[i] - expected[i]);
    difference = Math.max(difference, Number.isFinite(apart) ? apart : 1e30);
  }
  return difference / (greatest(expected) || 1);
}

function greatest(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** The graph of the logits and of the gradient of Σ cross-entropy by `names`. */
function differentiated(bound, names) {
  const g = GraphBuilder.from(bound.graph);
  const logits = g.value(bound.logits);
  const oneHot = g.input("one_hot", "float32", logits.shape);
  const total = g.op("ReduceSum", [crossEntropy(g, logits, oneHot)], { keepdims: 0 });
  const gradients = appendGradients(g, { of: total, withRespectTo: names.map((name) => g.value(name)) });
  g.output(logits, "logits");
  gradients.forEach((gradient, i) => g.output(gradient, `gradient_${i}`));
  return deadCode(g.build());
}

/**
 * Logits and gradients of the images by a program of any batch size. Rows beyond the images are images again, with a
 * one-hot label of zeros: they add nothing to a gradient.
 */
async function evaluate(program, classifier, { about, images }, count, weights = {}) {
  const batch = program.inputs.find(({ name }) => name === classifier.image).shape[0];
  const [rows, classes] = about.logits;
  const [each, shape] = [images.length / rows, about.images.slice(1)];
  const logits = new Float32Array(rows * classes);
  const gradients = [];
  for (let first = 0; first < rows; first += batch) {
    const fed = new Float32Array(batch * each);
    const oneHot = new Float32Array(batch * classes);
    for (let row = 0; row < batch; row++) {
      const image = (first + row) % rows;
      fed.set(images.subarray(image * each, (image + 1) * each), row * each);
      if (first + row < rows) oneHot[row * classes + about.labels[image]] = 1;
    }
    const found = await program.run({
      ...weights,
      [classifier.image]: tensor("float32", [batch, ...shape], fed),
      one_hot: tensor("float32", [batch, classes], oneHot),
    });
    const kept = Math.min(batch, rows - first);
    logits.set(found.logits.data.subarray(0, kept * classes), first * classes);
    for (let i = 0; i < count; i++) (gradients[i] ??= []).push({ kept, data: found[`gradient_${i}`].data });
  }
  return { logits, gradients };
}

/** The gradient by the images: of each run, the rows of its own images. */
function joined(parts, each) {
  return Float32Array.from(parts.flatMap(({ kept, data }) => [...data.subarray(0, kept * each)]));
}

function summed(parts) {
  return parts[0].data.map((_, i) => parts.reduce((total, { data }) => total + data[i], 0));
}

/**
 * Errors of the gradients by the weights that the file calls as PyTorch does. A gradient that is zero but for rounding, as
 * that of the bias of a key is, is judged against a thousandth of the greatest of all. Where a ReLU flipped for some image
 * (see tolerance.mjs) its gradient is among the sums, and only what is plainly wrong is seen.
 */
async function checkWeights(classifier, batch, known) {
  const { initializers, nodes } = classifier.graph;
  const used = new Set(nodes.flatMap(({ inputs }) => inputs));
  const alike = Object.keys(known.weights).filter((name) =>
    isWeight(initializers.get(name), known.weights[name]),
  );
  const names = alike.filter((name) => used.has(name));
  const facts = { compared: names.length, of: Object.keys(known.weights).length };
  if (names.length === 0) return facts;
  // Fed before the batch is bound: small constants are folded then.
  const fed = { ...classifier, graph: parametersAsInputs(classifier.graph, names) };
  const program = await compile(differentiated(bindBatch(fed, batch), [...names, classifier.image]), {
    threads: 1,
  });
  const weights = Object.fromEntries(names.map((name) => [name, initializers.get(name)]));
  const { gradients } = await evaluate(program, classifier, known, names.length + 1, weights);
  const byImages = joined(gradients[names.length], known.images.length / rows);
  const gradient = errors(byImages, known.gradient, rows);
  const loose = flipped({ gradient }, known.about.torch);
  const floor = 1e-3 * Math.max(...Object.values(known.weights).map(({ gradient }) => greatest(gradient)));
  const found = names.map((name, i) => {
    const { gradient: expected, torch } = known.weights[name];
    const scale = greatest(expected);
    const size = scale / Math.max(scale, floor);
    return {
      name,
      error: size * error(summed(gradients[i]), expected),
      allowed: Math.max(loose ? 0.1 : 1e-4, 2 * size * torch),
    };
  });
  const wrong = found.filter((row) => !(row.error <= row.allowed));
  const worst = Math.max(0, ...found.filter((row) => row.error <= 1e-4).map((row) => row.error));
  return { ...facts, gradient, worst, wrong: wrong.sort((a, b) => b.error - a.error).slice(0, 5) };
}

/** The reference's images as a dataset, from which is seen whether a model answers probabilities. */
function shownImages({ classNames }) {
  const each = product([channels, ...size]);
  return {
    length: rows,
    classNames,
    labels: new Int32Array(rows),
    read: (index, out) => out.set(known.images.subarray(index * each, (index + 1) * each)),
  };
}

/** The logarithms of the softmax of each row: of probabilities the logits are known but for a constant. */
function normalised(logits) {
  const classes = logits.length / rows;
  return logits.map((logit, place) => {
    const first = place - (place % classes);
    const own = logits.subarray(first, first + classes);
    const most = Math.max(...own);
    return logit - most - Math.log(own.reduce((sum, other) => sum + Math.exp(other - most), 0));
  });
}

/** Errors of logits and gradient of each image. */
async function answers(optimization) {
  const program = await stage("compile", () => compile(graph, { threads: 1, optimization }));
  const { logits, gradients } = await stage("run", () => evaluate(program, classifier, known, 1));
  await program.dispose();
  const gradient = joined(gradients[0], known.images.length / rows);
  return {
    logits: relative
      ? errors(normalised(Float64Array.from(logits)), normalised(known.logits), rows)
      : errors(logits, known.logits, rows),
    gradient: errors(gradient, known.gradient, rows),
  };
}

const known = reference();
const notices = [];
const { torch, spread, quantised, coarse, reads, relative } = known.about;
say({ torch, spread, quantised, coarse });
const model = await stage("file", () => readModelFile(path));
say({ fileNodes: model.graph.nodes.length, opset: model.opsets.get("") });
const [rows, channels, ...size] = known.about.images;
const onNotice = (text) => notices.push(text);
const classifier = await stage("read", async () => {
  const read = await loadClassifier(path, {
    imageShape: async () => ({ size, channels }),
    ...reads,
    onNotice,
  });
  return relative ? readAsLogits("file", read, shownImages(read), { threads: 1, onNotice }) : read;
});
const batch = fixedBatchSize(classifier) ?? known.about.batch ?? rows;
say({
  nodes: classifier.graph.nodes.length,
  batch,
  notices: notices.map((text) => text.replace(path, "file")),
});
const graph = await stage("differentiate", () =>
  differentiated(bindForInference(classifier, batch), [classifier.image]),
);
say({ gradientNodes: graph.nodes.length });
if (lastStage === "run") {
  const off = await answers("all");
  say(off);
  if (!gradientPasses({ ...off, torch, quantised, coarse })) {
    // By another order of sums other ReLUs flip: the better of the two, image by image.
    const again = await answers("disabled");
    say({ again, gradient: off.gradient.map((size, i) => Math.min(size, again.gradient[i])) });
  }
  if (Object.keys(known.weights).length > 0) {
    say({ weights: await stage("weights", () => checkWeights(classifier, batch, known)) });
  }
}
say({ peakMiB: Math.round(process.resourceUsage().maxRSS / 1024) });
