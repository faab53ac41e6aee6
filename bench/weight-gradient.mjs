// The two forms of a convolution's weight gradient (src/runtime/lowering/convolution/weight-gradient.ts) on layers of ResNets: one
// product for each image, summed over the batch, and one product over the whole batch. Finds `weightsAMap` of
// src/runtime/lowering/costs.ts.
//   node bench/weight-gradient.mjs        after npm run build
import { GraphBuilder } from "../dist/graph/index.js";
import { outputFirst, timeLowered } from "./layers.mjs";

async function time({ batch, outChannels, inChannels, side, kernel }, weightsAMap) {
  const g = new GraphBuilder("weight-gradient");
  const pad = (kernel - 1) / 2;
  const inputs = [
    g.input("x", "float32", [batch, inChannels, side, side]),
    g.input("dy", "float32", [batch, outChannels, side, side]),
  ];
  const attributes = { kernel_shape: [kernel, kernel], pads: [pad, pad, pad, pad] };
  outputFirst(g, g.op("ConvWeightGradient", inputs, attributes));
  return timeLowered(g.build(), { weightsAMap, fewPositions: 0 });
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
  const [each, whole] = [await time(layer, Infinity), await time(layer, 0)];
  const ratio = (kernel ** 2 * outChannels * inChannels) / (side ** 2 * (outChannels + inChannels));
  console.log(
    `${inChannels} → ${outChannels}, ${kernel} × ${kernel} on ${side} × ${side}, batch ${batch} ` +
      `(weight / maps ${ratio.toFixed(2)}): each image ${each.toFixed(1)} ms, whole batch ${whole.toFixed(1)} ms`,
  );
}
