// Convolutions whose weight is fed, as ONNX Runtime runs them and in its blocked layout with the copies into and out of it
// (src/runtime/lowering/convolution/blocked.ts): layers of ResNets, as in the forward pass and with a rotated weight. Finds
// `productsACopy` of src/runtime/lowering/costs.ts.
//   node bench/blocked-convolutions.mjs        after npm run build
import { GraphBuilder } from "../dist/graph/index.js";
import { blockSize } from "../dist/runtime/lowering/convolution/block-size.js";
import { outputFirst, timeLowered } from "./layers.mjs";

if ((await blockSize()) === undefined)
  throw new Error("this processor has no blocked layout in ONNX Runtime");

function graphOf({ batch, inChannels, outChannels, side, kernel, stride, rotated }) {
  const pad = (kernel - 1) / 2;
  const g = new GraphBuilder("blocked-convolutions");
  const weight = rotated
    ? [inChannels, outChannels, kernel, kernel]
    : [outChannels, inChannels, kernel, kernel];
  const inputs = [g.input("x", "float32", [batch, inChannels, side, side]), g.input("w", "float32", weight)];
  const attributes = { pads: [pad, pad, pad, pad], strides: [stride, stride] };
  const y = rotated
    ? g.op("ConvInputGradient", inputs, { ...attributes, image_shape: [side, side] })
    : g.op("Conv", inputs, attributes);
  outputFirst(g, y);
  return g.build();
}

/** In the layout where a layer has this many multiply-adds a copied number. */
const time = (layer, least) =>
  timeLowered(graphOf(layer), {
    fewPositions: 0,
    productsACopy: { onePixel: least, larger: least, rotated: least },
  });

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
    const [plain, blocked] = [await time(layer, Infinity), await time(layer, 0)];
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
