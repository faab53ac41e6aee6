import { InputError } from "../errors/index.js";
import { checkAccess } from "./access.js";
import type { AttackBatch, PlannedAttack, RunContext } from "./attack.js";
import { judged, type Verdict } from "./judge.js";
import { pack, type Done, type Job, type PackOptions } from "./pack.js";
import { checkPatch } from "./patch-ball.js";
import type { Target } from "./target.js";

/** The outcome of an attack on a batch: one entry per image in each array. */
export interface AttackedBatch {
  /** `[N, C, H, W]` */
  readonly adversarial: Float32Array;
  readonly labels: Int32Array;
  /** −1 if a logit is NaN; such a prediction is wrong for every label. */
  readonly cleanPrediction: Int32Array;
  readonly adversarialPrediction: Int32Array;
  readonly success: Uint8Array;
  readonly distance: Float32Array;
  readonly cleanLoss: Float32Array;
  readonly adversarialLoss: Float32Array;
  /** Number of images whose candidate or logits were not finite. */
  readonly nonFinite: number;
  /** 1 where the gradient was zero or denormal in at least half of the image's evaluations; 0 without a gradient. */
  readonly zeroGradient: Uint8Array;
  /** Evaluations spent, counted in images. */
  readonly forwardQueries: number;
  readonly gradientQueries: number;
}

/** One image to attack. */
export interface AttackedImage {
  readonly image: Float32Array;
  readonly label: number;
  /** The target class, if the attack is targeted. */
  readonly target?: number | undefined;
  /** Place in the dataset, which addresses the random draws. */
  readonly index: number;
}

/**
 * Attacks a stream of images, and yields each outcome as soon as it is known, in any order; `place` counts the images. No
 * verdict depends on the others or on the batch size.
 *
 * @throws InputError on labels out of range or images of another size; UsageError, immediately, if the attack needs more than
 *   the target gives, or if a patch is smaller than one pixel.
 */
export function attackImages(
  target: Target,
  planned: PlannedAttack,
  images: AsyncIterable<AttackedImage> | Iterable<AttackedImage>,
  { random, ...options }: RunContext & PackOptions,
): AsyncGenerator<Done<Verdict>> {
  checkAccess(target.access, planned);
  checkPatch(planned.threat, target.imageShape);
  async function* jobs(): AsyncGenerator<Job<Verdict>> {
    let place = 0;
    for await (const { image, label, target: goal, index } of images) {
      checkImage(target, image, index, goal === undefined ? [label] : [label, goal]);
      yield {
        place: place++,
        index,
        start: () =>
          judged(planned, {
            image,
            shape: target.imageShape,
            label,
            target: goal,
            randomised: target.randomised,
            stream: (name, which) => random.stream(name, index, which),
          }),
      };
    }
  }
  return pack(target, jobs(), options);
}

/**
 * Attacks a batch and returns the outcomes in order.
 *
 * @example
 * ```ts
 * import { ATTACKS, createGenerator, createLoader, createTarget, loadClassifier, openDataset, planAttack, runAttack } from "holdfast";
 *
 * const random = createGenerator(0);
 * const target = createTarget(await loadClassifier("my-model.onnx"), { batchSize: 32 });
 * const loader = createLoader(await openDataset("photos:test"), { batchSize: 32, random, shuffle: false });
 * const planned = planAttack(ATTACKS.pgd, { norm: "linf", epsilon: 8 / 255 }, { steps: 40 });
 * const { success, distance } = await runAttack(target, planned, await loader.batch(0), { random });
 * console.log(success.reduce((sum, each) => sum + each, 0), Math.max(...distance));
 * await Promise.all([loader.dispose(), target.dispose()]);
 * ```
 */
export async function runAttack(
  target: Target,
  planned: PlannedAttack,
  batch: AttackBatch,
  context: RunContext,
): Promise<AttackedBatch> {
  const { size, labels } = batch;
  const { imageSize } = target;
  const found: Done<Verdict>[] = [];
  for await (const done of attackImages(target, planned, imagesOf(batch, imageSize), context)) {
    found[done.place] = done;
  }
  const adversarial = new Float32Array(size * imageSize);
  found.forEach(({ value }, i) => adversarial.set(value.adversarial, i * imageSize));
  const sum = (of: (done: Done<Verdict>) => number): number =>
    found.reduce((total, done) => total + of(done), 0);
  return {
    adversarial,
    labels,
    cleanPrediction: Int32Array.from(found, ({ value }) => value.cleanPrediction),
    adversarialPrediction: Int32Array.from(found, ({ value }) => value.adversarialPrediction),
    success: Uint8Array.from(found, ({ value }) => Number(value.success)),
    distance: Float32Array.from(found, ({ value }) => value.distance),
    cleanLoss: Float32Array.from(found, ({ value }) => value.cleanLoss),
    adversarialLoss: Float32Array.from(found, ({ value }) => value.adversarialLoss),
    nonFinite: sum(({ value }) => Number(value.nonFinite)),
    zeroGradient: Uint8Array.from(found, ({ zeroGradient }) => Number(zeroGradient)),
    forwardQueries: sum(({ forwardQueries }) => forwardQueries),
    gradientQueries: sum(({ gradientQueries }) => gradientQueries),
  };
}

/** The images of a batch one by one. @throws InputError if there are fewer numbers than images need. */
export function* imagesOf(
  { images, labels, targets, indices, size }: AttackBatch,
  imageSize: number,
): Generator<AttackedImage> {
  if (images.length !== size * imageSize) {
    throw new InputError({
      place: "images",
      problem: `${size} images of ${imageSize} pixels need ${size * imageSize} numbers, found ${images.length}`,
      remedy: "Give images with the classifier's channels, height and width.",
    });
  }
  for (let i = 0; i < size; i++) {
    const image = images.subarray(i * imageSize, (i + 1) * imageSize);
    yield { image, label: labels[i]!, target: targets?.[i], index: indices[i]! };
  }
}

function checkImage(
  { imageSize, classCount }: Target,
  image: Float32Array,
  index: number,
  classes: readonly number[],
): void {
  if (image.length !== imageSize) {
    throw new InputError({
      place: `image ${index}`,
      problem: `has ${image.length} numbers, but the classifier reads ${imageSize}`,
      remedy: "Give images with the classifier's channels, height and width.",
    });
  }
  const wrong = classes.find((label) => label < 0 || label >= classCount);
  if (wrong === undefined) return;
  throw new InputError({
    place: `image ${index}`,
    problem: `label ${wrong} is outside the classifier's ${classCount} classes`,
    remedy: "Give the classifier and the data the same list of classes.",
  });
}
