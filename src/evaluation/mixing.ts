import type { Target } from "../attacks/index.js";
import { InputError } from "../errors/index.js";

/** Of the greatest logit of an image: float32 and the order of sums explain less. */
const NOISE = 1e-4;

/**
 * Refuses a model whose answer to an image depends on the others of its batch (a softmax over the batch, normalisation
 * by the batch's statistics, attention over the wrong axis): its accuracy would be that of these batches only. The
 * logits of every second image are compared with those beside other neighbours, white or black.
 *
 * @param images `[batchSize, C, H, W]`, of which `logits`, `[batchSize, K]`, are the answers.
 * @param isFixed whether the model's file fixes its batch.
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
  // A model that does not repeat its answers says nothing of its neighbours: another check looks at that.
  let repeats: boolean | undefined;
  for (let i = 0; i < batchSize; i += 2) {
    const [start, end] = [i * classCount, (i + 1) * classCount];
    if (isSame(logits.subarray(start, end), beside.subarray(start, end))) continue;
    repeats ??= isSame(logits, await target.logits(images));
    if (!repeats) return;
    throw new InputError({
      place: `model ${name}`,
      problem: "answers an image differently when the other images of its batch change",
      remedy:
        "Export it in eval mode, with no operator that works across the batch" +
        (isFixed ? "." : ", or give --batch-size 1 to have every image judged alone."),
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
