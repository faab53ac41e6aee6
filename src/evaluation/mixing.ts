import type { Target } from "../attacks/index.js";
import { InputError } from "../errors/index.js";

/** Relative to an image's largest logit; float32 and the order of sums explain less than this. */
const NOISE = 1e-4;

/**
 * Refuses a model whose output for an image depends on the other images of its batch (a softmax over the batch,
 * normalisation by the batch's statistics, attention over the wrong axis): its accuracy would hold only for these batches.
 * Compares the logits of every second image with its logits next to other neighbours, white or black.
 *
 * @param images `[batchSize, C, H, W]`, with the logits `[batchSize, K]`.
 * @param isFixed whether the model's file fixes its batch size.
 * @throws InputError naming the model.
 */
export async function refuseMixing(
  name: string,
  target: Target,
  { images, logits, isFixed }: { images: Float32Array; logits: Float32Array; isFixed: boolean },
): Promise<void> {
  const { batchSize, imageSize, classCount } = target;
  if (batchSize === 1) return;
  const others = images.slice();
  for (let i = 1; i < batchSize; i += 2) {
    const image = others.subarray(i * imageSize, (i + 1) * imageSize);
    const mean = image.reduce((sum, x) => sum + x, 0) / imageSize;
    image.fill(mean < 0.5 ? 1 : 0);
  }
  const beside = await target.logits(others);
  // If the model does not repeat its outputs, this comparison means nothing; another check covers that.
  let repeats: boolean | undefined;
  for (let i = 0; i < batchSize; i += 2) {
    const [start, end] = [i * classCount, (i + 1) * classCount];
    if (isSame(logits.subarray(start, end), beside.subarray(start, end))) continue;
    repeats ??= isSame(logits, await target.logits(images));
    if (!repeats) return;
    throw new InputError({
      place: `model ${name}`,
      problem: "gives an image different outputs when the other images of its batch change",
      remedy:
        "Export it in eval mode, with no operator that works across the batch" +
        (isFixed ? "." : ", or give --batch-size 1 to run every image alone."),
    });
  }
}

function isSame(a: Float32Array, b: Float32Array): boolean {
  const greatest = a.reduce(
    (most, z) => (Math.abs(z) > most && Math.abs(z) < Infinity ? Math.abs(z) : most),
    0,
  );
  return a.every((z, k) => Object.is(z, b[k]) || Math.abs(z - b[k]!) <= NOISE * greatest);
}
