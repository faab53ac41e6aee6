// Photographs a second through the loader with one worker, cropped, mirrored and jittered as in the preset `small`:
// decoded in the first epoch, from the cache of decoded pixels in the second. On one core, to be compared with the
// images a second of a training step:
//   taskset -c 0 node bench/decoding.mjs path/to/17flowers        after npm run build
import { createLoader, openDataset } from "../dist/data/index.js";
import { PRESETS } from "../dist/reproduction/index.js";
import { createGenerator } from "../dist/tensor/index.js";

const [data] = process.argv.slice(2);
if (data === undefined) throw new Error("name the folder of a dataset: node bench/decoding.mjs 17flowers/");
const { augmentation } = PRESETS.small.training;
const batchSize = 32;
for (const size of [64, 224]) {
  const dataset = await openDataset(data, { size: { height: size, width: size } });
  const loader = createLoader(dataset, { batchSize, random: createGenerator(0), workers: 1, augmentation });
  const { stepsPerEpoch } = loader;
  for (const epoch of [0, 1]) {
    const started = performance.now();
    for (let step = 0; step < stepsPerEpoch; step++) await loader.batch(epoch * stepsPerEpoch + step);
    const rate = (batchSize * stepsPerEpoch * 1000) / (performance.now() - started);
    console.log(
      `${size} × ${size}, ${["decoded", "decoded before"][epoch]}, augmented: ${rate.toFixed(0)} images/s`,
    );
  }
  await loader.dispose();
}
