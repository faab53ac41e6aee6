// The two forms of a convolution's weight gradient (src/autodiff/rules/convolution/weight-gradient.ts) on layers of ResNets: one
// product for each image, summed over the batch, and one product over the whole batch.
//   node bench/weight-gradient.mjs        after npm run build
import { GraphBuilder } from "../dist/graph/index.js";
import { compile } from "../dist/runtime/index.js";
import { tensor } from "../dist/tensor/index.js";
import { medianTime, outputFirst, randomArrays } from "./layers.mjs";
import { threads } from "./turns.mjs";

const reshape = (g, x, shape) => g.op("Reshape", [x, g.ints(shape)]);
const transpose = (g, x, perm) => g.op("Transpose", [x], { perm });
const taps = (kernel) => Array.from({ length: kernel ** 2 }, (_, i) => [Math.floor(i / kernel), i % kernel]);
const slice = (g, x, [row, column], side, first) =>
  g.op("Slice", [
    x,
    g.ints([row, column]),
    g.ints([row + side, column + side]),
    g.ints([first, first + 1]),
    g.ints([1, 1]),
  ]);

function padded(g, x, kernel) {
  const pad = (kernel - 1) / 2;
  return pad === 0 ? x : g.op("Pad", [x, g.ints([0, 0, pad, pad, 0, 0, pad, pad])]);
}

function batched(g, x, dy, { batch, outChannels, inChannels, side, kernel }) {
  const rows = reshape(g, dy, [batch, outChannels, side * side]);
  const image = padded(g, x, kernel);
  return taps(kernel).map((tap) => {
    const columns = reshape(g, slice(g, image, tap, side, 2), [batch, inChannels, side * side]);
    const products = g.op("MatMul", [rows, transpose(g, columns, [0, 2, 1])]);
    return g.op("ReduceSum", [products, g.ints([0])], { keepdims: 0 });
  });
}

function folded(g, x, dy, { batch, outChannels, inChannels, side, kernel }) {
  const rows = reshape(g, transpose(g, dy, [1, 0, 2, 3]), [outChannels, batch * side * side]);
  const image = transpose(g, padded(g, x, kernel), [0, 2, 3, 1]);
  return taps(kernel).map((tap) =>
    g.op("MatMul", [rows, reshape(g, slice(g, image, tap, side, 1), [batch * side * side, inChannels])]),
  );
}

async function time(form, layer) {
  const { batch, outChannels, inChannels, side } = layer;
  const g = new GraphBuilder("weight-gradient");
  const shapes = { x: [batch, inChannels, side, side], dy: [batch, outChannels, side, side] };
  const [x, dy] = Object.entries(shapes).map(([name, shape]) => g.input(name, "float32", shape));
  const parts = form(g, x, dy, layer);
  outputFirst(g, parts.length === 1 ? parts[0] : g.op("Concat", parts, { axis: 1 }));
  const program = await compile(g.build(), { threads: Number(threads) });
  const feeds = Object.fromEntries(
    randomArrays(shapes).map(([name, shape, data]) => [name, tensor("float32", shape, data)]),
  );
  const ms = await medianTime(() => program.run(feeds));
  await program.dispose();
  return ms;
}

for (const [batch, outChannels, inChannels, side, kernel] of [
  [16, 64, 64, 56, 3],
  [16, 128, 128, 28, 3],
  [16, 256, 256, 14, 3],
  [16, 512, 512, 7, 3],
  [16, 1024, 256, 14, 1],
  [16, 2048, 512, 7, 1],
  [32, 64, 64, 16, 3],
  [32, 128, 128, 8, 3],
  [32, 256, 256, 4, 3],
  [32, 512, 512, 2, 3],
]) {
  const layer = { batch, outChannels, inChannels, side, kernel };
  const [each, whole] = [await time(batched, layer), await time(folded, layer)];
  const ratio = (kernel ** 2 * outChannels * inChannels) / (side ** 2 * (outChannels + inChannels));
  console.log(
    `${inChannels} → ${outChannels}, ${kernel} × ${kernel} on ${side} × ${side}, batch ${batch} ` +
      `(weight / maps ${ratio.toFixed(2)}): each image ${each.toFixed(1)} ms, whole batch ${whole.toFixed(1)} ms`,
  );
}
