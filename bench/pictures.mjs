// The gradients of a network's first layer, in the forms of pictures (src/runtime/lowering/convolution: sub-pixel.ts with a
// constant weight, the weight's gradient as a convolution) and in the others, by the image's channels. Finds `pictureChannels` of
// src/runtime/lowering/costs.ts.
//   node bench/pictures.mjs        after npm run build
import { GraphBuilder } from "../dist/graph/index.js";
import { tensor } from "../dist/tensor/index.js";
import { outputFirst, randomArrays, timeLowered } from "./layers.mjs";

function graphOf({ batch, channels, outChannels, side, kernel, stride }, byWeight) {
  const pad = (kernel - 1) / 2;
  const g = new GraphBuilder("pictures");
  const shapes = { x: [batch, channels, side, side], w: [outChannels, channels, kernel, kernel] };
  const [[, , data]] = randomArrays({ w: shapes.w });
  const u = g.input("u", "float32", [batch, outChannels, side / stride, side / stride]);
  const attributes = {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
  };
  outputFirst(
    g,
    byWeight
      ? g.op("ConvWeightGradient", [g.input("x", "float32", shapes.x), u], attributes)
      : g.op("ConvInputGradient", [u, g.initializer("w", tensor("float32", shapes.w, data))], {
          ...attributes,
          image_shape: [side, side],
        }),
  );
  return g.build();
}

for (const [batch, outChannels, side, kernel, stride] of [
  [8, 64, 224, 7, 2],
  [16, 64, 64, 7, 2],
  [8, 32, 224, 3, 2],
]) {
  for (const channels of [1, 3, 4, 8, 16]) {
    const layer = { batch, channels, outChannels, side, kernel, stride };
    const times = [];
    for (const byWeight of [false, true]) {
      for (const pictureChannels of [0, Infinity]) {
        times.push((await timeLowered(graphOf(layer, byWeight), { pictureChannels })).toFixed(1));
      }
    }
    console.log(
      `${channels} → ${outChannels}, ${kernel} × ${kernel}/${stride} on ${side} × ${side}, batch ${batch}: ` +
        `input gradient ${times[0]} ms, as a picture's ${times[1]} ms; weight gradient ${times[2]} ms, as a picture's ${times[3]} ms`,
    );
  }
}
