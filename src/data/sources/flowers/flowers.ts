/** Procedural flowers: colour images of 17 classes with the mask of the flower, drawn from a seed. */
import { UsageError } from "../../../errors/index.js";
import { createGenerator } from "../../../tensor/index.js";
import { createDataset, fitOf, shuffled, type Dataset, type OpenOptions } from "../../dataset/index.js";
import { sharedPixels, toPlanes } from "../../pixels/index.js";
import { chooseSplit, TRAIN_AND_TEST } from "../../splits.js";
import { FLOWER_KINDS, drawFlower } from "./drawing.js";

/** Default number of images per class, as in the 17 Flowers dataset. */
const PER_CLASS = { train: 64, test: 16 } as const;
const OWN_SIZE = { height: 64, width: 64, channels: 3 };

/**
 * One split. Image i of a split depends only on the seed, the split and i, so a larger
 * `perClass` adds images without changing any. Train and test are drawn from different streams.
 */
export function openFlowers(asked: string, options: OpenOptions): Dataset {
  const { owners: split } = chooseSplit(asked, TRAIN_AND_TEST, { place: "flowers" });
  const perClass = options.perClass ?? PER_CLASS[split];
  const fit = fitOf(options, OWN_SIZE);
  if (fit.height !== fit.width) {
    throw new UsageError({
      place: "size",
      problem: `flowers are square, but the size is ${fit.height} × ${fit.width}`,
    });
  }
  const side = fit.width;
  const random = createGenerator(options.seed ?? 0);
  const count = perClass * FLOWER_KINDS.length;
  const area = side * side;
  const pixels = sharedPixels(count, fit);
  const masks = new Uint8Array(count * area);
  const labels = Int32Array.from({ length: count }, (_, i) => i % FLOWER_KINDS.length);
  const wanted = new Set(options.classes ?? FLOWER_KINDS.map(({ name }) => name));
  for (let i = 0; i < count; i++) {
    // The caller leaves out these classes.
    if (!wanted.has(FLOWER_KINDS[labels[i]!]!.name)) continue;
    const { image, mask } = drawFlower(labels[i]!, side, random.stream(`flowers/${split}`, i));
    pixels.set(toPlanes(image, fit.channels), i * fit.channels * area);
    masks.set(mask, i * area);
  }
  const order = Uint32Array.from(shuffled([...labels.keys()], random.stream(`flowers/${split}/order`)));
  return createDataset({
    name: `flowers:${split}`,
    split,
    classNames: FLOWER_KINDS.map(({ name }) => name),
    labels: Int32Array.from(order, (index) => labels[index]!),
    source: { kind: "pixels", pixels, channels: fit.channels, height: side, width: side },
    sourceIndices: order,
    description: `Drawn from seed ${random.seed}, ${perClass} per class.`,
    fileName: (index) => `flowers/${split}#${index}`,
    mask: (index, out) => out.set(masks.subarray(index * area, (index + 1) * area)),
  });
}
