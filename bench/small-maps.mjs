// Convolutions on small maps as ONNX Runtime's own and as products over the whole batch
// (src/runtime/lowering/convolution/products.ts): forward, both gradients, weights fed, outside of the blocked
// layout. Finds `fewPositions` and `columnsAChannel` of src/runtime/lowering/costs.ts.
//   node bench/small-maps.mjs        after npm run build
import { appendGradients } from "../dist/autodiff/index.js";
import { GraphBuilder } from "../dist/graph/index.js";
import { timeLowered } from "./layers.mjs";

async function time({ batch, inChannels, outChannels, side, kernel }, costs) {
  const shapes = {
    x: [batch, inChannels, side, side],
    w: [outChannels, inChannels, kernel, kernel],
    v: [batch, outChannels, side, side],
  };
  const g = new GraphBuilder("small-maps");
  const [x, w, v] = Object.entries(shapes).map(([name, shape]) => g.input(name, "float32", shape));
  const pad = (kernel - 1) / 2;
  const y = g.op("Conv", [x, w], { pads: [pad, pad, pad, pad] });
  const loss = g.op("ReduceSum", [g.op("Mul", [y, v])], { keepdims: 0 });
  for (const value of [loss, ...appendGradients(g, { of: loss, withRespectTo: [x, w] })]) g.output(value);
  return timeLowered(g.build(), { blockedGradients: Infinity, ...costs });
}

for (const [inChannels, outChannels, side, kernel] of [
  [512, 512, 2, 3],
  [512, 512, 4, 3],
  [256, 256, 4, 3],
  [192, 192, 4, 3],
  [1024, 256, 4, 1],
  [256, 256, 8, 3],
  [128, 128, 8, 3],
  [2048, 512, 7, 1],
  [512, 512, 7, 3],
]) {
  for (const batch of [16, 128]) {
    const layer = { batch, inChannels, outChannels, side, kernel };
    const own = await time(layer, { fewPositions: 0 });
    const swapped = await time(layer, { fewPositions: Infinity, columnsAChannel: 0 });
    const added = await time(layer, { fewPositions: Infinity, columnsAChannel: Infinity });
    console.log(
      `${inChannels} → ${outChannels}, ${kernel} × ${kernel} on ${side} × ${side}, batch ${batch}: convolution ${own.toFixed(1)} ms, ` +
        `product ${swapped.toFixed(1)} ms, with products added up ${added.toFixed(1)} ms`,
    );
  }
}
