// Convolutions on small maps as ONNX Runtime's own and as products over the whole batch
// (src/graph/passes/convolutions-as-products.ts): forward, both gradients, weights fed.
//   node bench/small-maps.mjs        after npm run build
import { gradient } from "../dist/autodiff/index.js";
import { convolutionsAsProducts, GraphBuilder } from "../dist/graph/index.js";
import { compile } from "../dist/runtime/index.js";
import { tensor } from "../dist/tensor/index.js";
import { medianTime, randomArrays } from "./layers.mjs";
import { threads } from "./turns.mjs";

async function time({ batch, inChannels, outChannels, side, kernel }, positions) {
  const shapes = {
    x: [batch, inChannels, side, side],
    w: [outChannels, inChannels, kernel, kernel],
    v: [batch, outChannels, side, side],
  };
  const g = new GraphBuilder("small-maps");
  const [x, w, v] = Object.entries(shapes).map(([name, shape]) => g.input(name, "float32", shape));
  const pad = (kernel - 1) / 2;
  const y = g.op("Conv", [x, w], { pads: [pad, pad, pad, pad] });
  g.output(g.op("ReduceSum", [g.op("Mul", [y, v])], { keepdims: 0 }), "loss");
  const graph = convolutionsAsProducts(g.build(), positions);
  const program = await compile(gradient(graph, { of: "loss", withRespectTo: ["x", "w"] }), {
    threads: Number(threads),
  });
  const feeds = Object.fromEntries(
    randomArrays(shapes).map(([name, shape, data]) => [name, tensor("float32", shape, data)]),
  );
  const ms = await medianTime(() => program.run(feeds));
  await program.dispose();
  return ms;
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
  const layer = { batch: 32, inChannels, outChannels, side, kernel };
  const [own, product] = [await time(layer, 0), await time(layer, Infinity)];
  console.log(
    `${inChannels} → ${outChannels}, ${kernel} × ${kernel} on ${side} × ${side}, batch 32: ` +
      `convolution ${own.toFixed(1)} ms, product ${product.toFixed(1)} ms`,
  );
}
