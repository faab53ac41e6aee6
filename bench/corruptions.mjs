// Milliseconds that each corruption takes for an image of 224 × 224, at severities 1, 3 and 5.
//   node bench/corruptions.mjs        after npm run build
import { corrupt, CORRUPTIONS, frostTextures } from "../dist/data/corruptions/index.js";
import { createGenerator } from "../dist/tensor/index.js";

const [SIDE, TIMES] = [224, 5];
const shape = { channels: 3, height: SIDE, width: SIDE };
const random = createGenerator(0);
const image = random.stream("image").fillUniform(new Float32Array(3 * SIDE * SIDE), 0, 1);
const textures = frostTextures();
let total = 0;
for (const corruption of CORRUPTIONS) {
  const medians = [];
  for (const severity of [1, 3, 5]) {
    const times = [];
    for (let index = 0; index < TIMES; index++) {
      const started = performance.now();
      await corrupt(image, shape, { corruption, severity, random, index, textures });
      times.push(performance.now() - started);
    }
    medians.push(times.sort((a, b) => a - b)[TIMES >> 1]);
  }
  total += medians.reduce((sum, ms) => sum + ms, 0) / medians.length;
  console.log(corruption.padEnd(18), medians.map((ms) => ms.toFixed(1)).join("  "));
}
console.log(`mean ${(total / CORRUPTIONS.length).toFixed(0)} ms`);
process.exit(0);
