// A dataset of 100 classes from MNIST: two digits side by side, 28 × 28, named 00 to 99.
//   node bench/autoattack/pairs.mjs pairs/ 60 20                                         after npm run build
// writes pairs/train and pairs/test, 60 and 20 images a class. No digit of one is in the other.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { openDataset } from "../../dist/data/index.js";
import { datasetBatches } from "../../dist/evaluation/index.js";
import { createGenerator } from "../../dist/tensor/index.js";

const [folder, train = "60", test = "20"] = process.argv.slice(2);
if (folder === undefined) throw new Error("name a folder: node bench/autoattack/pairs.mjs pairs/ 60 20");
const [SIDE, HALF] = [28, 14];

for (const [split, count] of [
  ["train", Number(train)],
  ["test", Number(test)],
]) {
  // Digits at half their width.
  const digits = await openDataset("mnist", { split, size: { height: SIDE, width: HALF } });
  const { images } = (await datasetBatches(digits, digits.length).next()).value;
  const byClass = Array.from({ length: 10 }, (_, digit) =>
    Array.from(digits.labels).flatMap((label, i) => (label === digit ? [i] : [])),
  );
  const random = createGenerator(0).stream(`pairs ${split}`);
  const draw = (digit) => byClass[digit][random.integer(byClass[digit].length)] * SIDE * HALF;
  for (let name = 0; name < 100; name++) {
    const to = join(folder, split, String(name).padStart(2, "0"));
    await mkdir(to, { recursive: true });
    for (let k = 0; k < count; k++) {
      const halves = [draw(Math.floor(name / 10)), draw(name % 10)];
      const pixels = Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
        const [row, column] = [Math.floor(i / SIDE), i % SIDE];
        const at = halves[column < HALF ? 0 : 1] + row * HALF + (column % HALF);
        return Math.round(images[at] * 255);
      });
      await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 1 } })
        .png()
        .toFile(join(to, `${k}.png`));
    }
  }
}
