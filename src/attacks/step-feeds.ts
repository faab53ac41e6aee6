/** What a step of PGD is fed, but for the image. */
import { tensor, type Tensor } from "../tensor/index.js";
import type { AttackInput } from "./attack.js";
import { linfBounds } from "./ball.js";
import { STEP } from "./pgd-step.js";
import { oneHot } from "./scoring.js";
import type { Target } from "./target.js";

/** The labels, or the targets. */
export function aimFeed({ batchSize, classCount }: Target, classes: Int32Array): Record<string, Tensor> {
  return { [STEP.oneHot]: tensor("float32", [batchSize, classCount], oneHot(classes, classCount)) };
}

/** The temperature of each image's loss. */
export function temperatureFeed(temperatures: Float64Array): Record<string, Tensor> {
  const inverse = Float32Array.from(temperatures, (t) => 1 / t);
  return { [STEP.inverseTemperature]: tensor("float32", [inverse.length, 1], inverse) };
}

/** Pixel units; negative towards a target. */
export function stepFeed(size: number): Tensor {
  return tensor("float32", [], Float32Array.of(size));
}

/** The ball: its bounds in L∞, its centre and radius in L2. */
export function ballFeeds({
  batch,
  threat,
  target,
}: Pick<AttackInput, "batch" | "threat" | "target">): Record<string, Tensor> {
  const shape = target.imageShape;
  if (threat.norm === "linf") {
    const { lower, upper } = linfBounds(batch.images, threat.epsilon);
    return { [STEP.lower]: tensor("float32", shape, lower), [STEP.upper]: tensor("float32", shape, upper) };
  }
  return {
    [STEP.original]: tensor("float32", shape, batch.images),
    [STEP.epsilon]: tensor("float32", [], Float32Array.of(threat.epsilon)),
  };
}
