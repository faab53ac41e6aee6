import { InputError, UsageError } from "../errors/index.js";
import type { Attack, AttackBatch, AttackedBatch, AttackOptions, RunContext, ThreatModel } from "./attack.js";
import { distanceOf, projectInto } from "./ball.js";
import { crossEntropies, predictions } from "./scoring.js";
import type { Target } from "./target.js";

/**
 * Runs an attack on one batch and decides what came of it: replaces non-finite answers,
 * projects into the ball, scores the result itself, and counts the queries.
 *
 * An image that is misclassified as it stands is a success of every untargeted attack;
 * where the attack's own answer is classified correctly, the clean image stands for it.
 *
 * @throws UsageError when the attack does not know the norm; InputError on labels out of range.
 */
export async function runAttack<Options extends AttackOptions>(
  target: Target,
  attack: Attack<Options>,
  batch: AttackBatch,
  threat: ThreatModel,
  options: Partial<Options>,
  context: RunContext,
): Promise<AttackedBatch> {
  if (!attack.norms.includes(threat.norm)) {
    throw new UsageError({
      place: `attack ${attack.name}`,
      problem: `does not know the norm ${threat.norm}`,
      remedy: `Use one of: ${attack.norms.join(", ")}.`,
    });
  }
  const resolved = attack.resolve(threat, options);
  const padded = padBatch(batch, target);
  const before = { ...target.queries };
  target.begin(padded.indices);
  const cleanLogits = await target.logits(padded.images);
  const candidate = await attack.run({ target, batch: padded, cleanLogits, threat, context }, resolved);
  const broken = replaceNonFinite(candidate, padded.images, batch.size, target.imageSize);
  for (let i = 0; i < target.batchSize; i++) {
    projectInto(threat, padded.images, candidate, i * target.imageSize, target.imageSize);
  }
  const logits = await target.logits(candidate);
  const nonFinite = countNonFinite(broken, [cleanLogits, logits], batch.size, target.classCount);
  return score(target, batch, threat, { candidate, cleanLogits, logits, nonFinite, before });
}

interface Answer {
  readonly candidate: Float32Array;
  readonly cleanLogits: Float32Array;
  readonly logits: Float32Array;
  readonly nonFinite: number;
  readonly before: { readonly forward: number; readonly gradient: number };
}

function score(target: Target, batch: AttackBatch, threat: ThreatModel, answer: Answer): AttackedBatch {
  const { imageSize, classCount } = target;
  const { candidate, cleanLogits, logits } = answer;
  const { size, labels, targets } = batch;
  const cleanPrediction = predictions(cleanLogits, size, classCount);
  const adversarialPrediction = predictions(logits, size, classCount);
  const cleanLoss = crossEntropies(cleanLogits, labels, size, classCount);
  const adversarialLoss = crossEntropies(logits, labels, size, classCount);
  const success = new Uint8Array(size);
  const distance = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const reached = (prediction: number): boolean =>
      targets === undefined ? prediction !== labels[i] : prediction === targets[i];
    if (!reached(adversarialPrediction[i]!) && reached(cleanPrediction[i]!)) {
      candidate.set(batch.images.subarray(i * imageSize, (i + 1) * imageSize), i * imageSize);
      adversarialPrediction[i] = cleanPrediction[i]!;
      adversarialLoss[i] = cleanLoss[i]!;
    }
    success[i] = Number(reached(adversarialPrediction[i]!));
    distance[i] = distanceOf(threat, batch.images, candidate, i * imageSize, imageSize);
  }
  return {
    adversarial: candidate.subarray(0, size * imageSize),
    labels,
    cleanPrediction,
    adversarialPrediction,
    success,
    distance,
    cleanLoss,
    adversarialLoss,
    nonFinite: answer.nonFinite,
    zeroGradient: target.zeroGradients().subarray(0, size),
    forwardQueries: target.queries.forward - answer.before.forward,
    gradientQueries: target.queries.gradient - answer.before.gradient,
  };
}

/** Fills the batch up to the target's size by repeating its last image. */
export function padBatch(batch: AttackBatch, target: Target): AttackBatch {
  const { batchSize, imageSize, classCount } = target;
  checkBatch(batch, imageSize, classCount);
  if (batch.size === batchSize) return batch;
  if (batch.size > batchSize || batch.size === 0) {
    throw new RangeError(`a batch of ${batch.size} images does not fit a target of ${batchSize}`);
  }
  const images = new Float32Array(batchSize * imageSize);
  images.set(batch.images);
  const last = batch.images.subarray((batch.size - 1) * imageSize, batch.size * imageSize);
  for (let i = batch.size; i < batchSize; i++) images.set(last, i * imageSize);
  const extend = <T extends Int32Array | Uint32Array>(values: T): T => {
    const extended = new (values.constructor as new (length: number) => T)(batchSize);
    extended.set(values);
    extended.fill(values[batch.size - 1]!, batch.size);
    return extended;
  };
  return {
    images,
    labels: extend(batch.labels),
    indices: extend(batch.indices),
    ...(batch.targets === undefined ? {} : { targets: extend(batch.targets) }),
    size: batchSize,
  };
}

function checkBatch(batch: AttackBatch, imageSize: number, classCount: number): void {
  if (batch.images.length !== batch.size * imageSize) {
    throw new InputError({
      place: "images",
      problem: `${batch.size} images of ${imageSize} pixels need ${batch.size * imageSize} numbers, found ${batch.images.length}`,
      remedy: "Give images of the classifier's channels, height and width.",
    });
  }
  for (const labels of [batch.labels, batch.targets ?? new Int32Array()]) {
    const wrong = labels.findIndex((label) => label < 0 || label >= classCount);
    if (wrong >= 0) {
      throw new InputError({
        place: `image ${batch.indices[wrong]}`,
        problem: `label ${labels[wrong]} is outside the classifier's ${classCount} classes`,
        remedy: "Give the classifier and the data the same list of classes.",
      });
    }
  }
}

/** Puts the clean image in the place of each that has a NaN or infinite pixel; which of the first `images` had. */
export function replaceNonFinite(
  candidate: Float32Array,
  clean: Float32Array,
  images: number,
  imageSize: number,
): ReadonlySet<number> {
  const broken = new Set<number>();
  for (let i = 0; i < candidate.length / imageSize; i++) {
    const [start, end] = [i * imageSize, (i + 1) * imageSize];
    const image = candidate.subarray(start, end);
    if (image.every(Number.isFinite)) continue;
    image.set(clean.subarray(start, end));
    if (i < images) broken.add(i);
  }
  return broken;
}

/** Images whose pixels were not finite, or of which the model's answer holds NaN; −∞ may mask a class. */
function countNonFinite(
  broken: ReadonlySet<number>,
  answers: readonly Float32Array[],
  images: number,
  classes: number,
): number {
  const isBroken = (i: number): boolean =>
    broken.has(i) ||
    answers.some((logits) => logits.subarray(i * classes, (i + 1) * classes).some(Number.isNaN));
  return Array.from({ length: images }, (_, i) => i).filter(isBroken).length;
}
