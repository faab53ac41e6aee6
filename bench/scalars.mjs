// A scalar times the weight of a 1 × 1 convolution, of lower rank and of the weight's (src/runtime/lowering/scalars.ts). Finds
// `manyElements` of src/runtime/lowering/costs.ts.
//   node bench/scalars.mjs        after npm run build
import { GraphBuilder } from "../dist/graph/index.js";
import { outputFirst, timeLowered } from "./layers.mjs";

for (const [outChannels, inChannels] of [
  [8, 8],
  [16, 16],
  [32, 32],
  [64, 64],
  [256, 256],
  [2048, 1024],
]) {
  const g = new GraphBuilder("scalars");
  const weight = g.input("w", "float32", [outChannels, inChannels, 1, 1]);
  outputFirst(g, g.op("Mul", [weight, g.input("rate", "float32", [])]));
  const graph = g.build();
  const [low, ranked] = [
    await timeLowered(graph, { manyElements: Infinity }),
    await timeLowered(graph, { manyElements: 0 }),
  ];
  console.log(
    `${outChannels} × ${inChannels} × 1 × 1: rank 0 ${low.toFixed(3)} ms, rank 4 ${ranked.toFixed(3)} ms`,
  );
}
