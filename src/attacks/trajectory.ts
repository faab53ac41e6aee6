import { UsageError } from "../errors/index.js";
import { ask, type Asking } from "./asking.js";
import type { AttackBatch, RunContext } from "./attack.js";
import { ballAround } from "./ball.js";
import { imagesOf } from "./harness.js";
import { iterate } from "./iterate.js";
import { pack, type Job } from "./pack.js";
import { pgdQuestion, STEP } from "./pgd-step.js";
import { oneHot } from "./scoring.js";
import type { Target } from "./target.js";
import { checkLength, checkThreat, type ThreatModel } from "./threat.js";

export interface TrajectoryOptions {
  /** Pixel units. */
  readonly stepSize: number;
  readonly randomStart: boolean;
  /** Numbers of steps after which to keep the iterate, ascending. */
  readonly captures: readonly number[];
}

/**
 * The iterates of one run of PGD after each of `captures` steps: adversarial images for transfer to
 * other models, which are scored on the last iterate itself. At a fixed step size, the iterate after
 * k steps is that of a run of k steps, so one run gives a whole curve over steps.
 *
 * @returns for each capture the images `[batch.size, C, H, W]`, projected with the harness's own geometry.
 * @throws UsageError on invalid options.
 */
export async function pgdTrajectory(
  target: Target,
  batch: AttackBatch,
  threat: ThreatModel,
  { stepSize, randomStart, captures }: TrajectoryOptions,
  { random, signal }: RunContext,
): Promise<Float32Array[]> {
  checkThreat(threat);
  const { norm } = threat;
  if (norm === "l1" || norm === "patch") {
    throw new UsageError({
      place: "norm",
      problem: `a trajectory's steps run as a graph, which does not exist for ${norm}`,
      remedy: "Use linf or l2.",
    });
  }
  const question = pgdQuestion(norm);
  checkLength("step size", threat.norm, stepSize);
  if (captures.some((steps, i) => !Number.isInteger(steps) || steps <= (captures[i - 1] ?? 0))) {
    throw new UsageError({
      place: "captures",
      problem: `numbers of steps must be above 0 and ascend, found ${captures.join(", ")}`,
    });
  }
  const { imageSize, classCount } = target;
  const jobs = Array.from(
    imagesOf(batch, imageSize),
    ({ image, label, index }, place): Job<Float32Array[]> => {
      const ball = ballAround(threat, image);
      const rows = {
        ...ball.rows,
        [STEP.oneHot]: oneHot(Int32Array.of(label), classCount),
        [STEP.inverseTemperature]: Float32Array.of(1),
        [STEP.stepSize]: Float32Array.of(stepSize),
      };
      function* walk(): Asking<Float32Array[]> {
        const kept: Float32Array[] = [];
        yield* iterate(
          randomStart ? ball.sample(random.stream("pgd-start", index, 0)) : image,
          captures.at(-1) ?? 0,
          function* (x) {
            return (yield* ask(question, { ...rows, [STEP.image]: x }))[STEP.next]!;
          },
          (x, steps) => void (captures.includes(steps) && kept.push(ball.project(x.slice()))),
        );
        return kept;
      }
      return { place, index, start: walk };
    },
  );
  const images = captures.map(() => new Float32Array(batch.size * imageSize));
  for await (const { place, value } of pack(target, jobs, { signal })) {
    value.forEach((image, i) => images[i]!.set(image, place * imageSize));
  }
  return images;
}
