// Convolutions whose weight is fed, as ONNX Runtime runs them and in its blocked layout with the copies into and out of it
// (src/runtime/lowering/blocked.ts): layers of ResNets, as in the forward pass and with a rotated weight.
//   node bench/blocked-convolutions.mjs        after npm run build
import { InferenceSession, Tensor } from "../dist/runtime/onnxruntime.js";
import { GraphBuilder, modelFromGraph } from "../dist/graph/index.js";
import { writeModel } from "../dist/onnx/index.js";
import { blockSize } from "../dist/runtime/lowering/block-size.js";
import { blockedConvolutions } from "../dist/runtime/lowering/blocked.js";
import { medianTime, outputFirst, randomArrays } from "./layers.mjs";
import { threads } from "./turns.mjs";

const block = await blockSize();
if (block === undefined) throw new Error("this processor has no blocked layout in ONNX Runtime");

const shapesOf = ({ batch, inChannels, outChannels, side, kernel, rotated }) => ({
  x: [batch, inChannels, side, side],
  w: rotated ? [inChannels, outChannels, kernel, kernel] : [outChannels, inChannels, kernel, kernel],
});

function graphOf(layer) {
  const pad = (layer.kernel - 1) / 2;
  const g = new GraphBuilder("blocked-convolutions");
  const shapes = shapesOf(layer);
  const x = g.input("x", "float32", shapes.x);
  let w = g.input("w", "float32", shapes.w);
  if (layer.rotated) {
    const all = (value) => g.ints([value, value]);
    w = g.op("Transpose", [w], { perm: [1, 0, 2, 3] });
    if (pad > 0) w = g.op("Slice", [w, all(-1), all(-(2 ** 31)), g.ints([2, 3]), all(-1)]);
  }
  const attributes = { pads: [pad, pad, pad, pad], strides: [layer.stride, layer.stride] };
  const y = g.op("Conv", [x, w], attributes);
  outputFirst(g, y);
  return g.build();
}

async function time(model, layer) {
  const session = await InferenceSession.create(writeModel(model), {
    intraOpNumThreads: Number(threads),
    enableMemPattern: false,
    logSeverityLevel: 3,
  });
  const feeds = Object.fromEntries(
    randomArrays(shapesOf(layer)).map(([name, shape, data]) => [name, new Tensor("float32", data, shape)]),
  );
  const ms = await medianTime(() => session.run(feeds));
  await session.release();
  return ms;
}

for (const rotated of [false, true]) {
  for (const [batch, inChannels, outChannels, side, kernel, stride = 1] of [
    [8, 64, 64, 56, 3],
    [8, 128, 128, 28, 3],
    [8, 256, 256, 14, 3],
    [8, 512, 512, 7, 3],
    [8, 128, 128, 56, 3, 2],
    [32, 64, 64, 16, 3],
    [32, 128, 128, 8, 3],
    [32, 16, 16, 32, 3],
    [8, 16, 16, 8, 3],
    [4, 64, 64, 8, 3],
    [1, 64, 64, 16, 3],
    [1, 256, 256, 14, 3],
    [2, 512, 512, 5, 3],
    [1, 512, 512, 7, 3],
    [8, 64, 256, 56, 1],
    [8, 512, 128, 28, 1],
    [8, 256, 1024, 14, 1],
    [8, 1024, 256, 14, 1],
    [8, 512, 2048, 7, 1],
  ]) {
    if (rotated && stride > 1) continue;
    const layer = { batch, inChannels, outChannels, side, kernel, stride, rotated };
    const graph = graphOf(layer);
    const model = modelFromGraph(graph);
    const [plain, blocked] = [
      await time(model, layer),
      await time(
        blockedConvolutions(model, graph, block, () => true),
        layer,
      ),
    ];
    const out = Math.ceil(side / stride);
    const products = batch * out ** 2 * inChannels * outChannels * kernel ** 2;
    const copied =
      batch * (inChannels * side ** 2 + outChannels * out ** 2) + 2 * inChannels * outChannels * kernel ** 2;
    console.log(
      `${inChannels} → ${outChannels}, ${kernel} × ${kernel}${stride > 1 ? `/${stride}` : ""} on ${side} × ${side}, ` +
        `batch ${batch}${rotated ? ", rotated weight" : ""} (products a copy ${(products / copied).toFixed(0)}): ` +
        `plain ${plain.toFixed(1)} ms, blocked ${blocked.toFixed(1)} ms`,
    );
  }
}
