import { beforeAll, describe, expect, test } from "vitest";
import { noiseImages, tinyTraining } from "../../test/runs/tiny-training.js";
import { createLoader } from "../data/index.js";
import { RECIPES } from "../defences/index.js";
import { compile, type Feeds, type Program } from "../runtime/index.js";
import { createGenerator, tensor, type Tensor } from "../tensor/index.js";
import {
  stepsOf,
  trainClassifier,
  UPDATE,
  updateGraph,
  type TrainingHooks,
  type TrainingOutcome,
} from "./index.js";

const REPLAYS = 3;
/** Two batches an epoch, three and a half epochs: the last batch is replayed once. */
const [EPOCHS, STEPS] = [3.5, 7];
const EPSILON = 8 / 255;
/** Of ε: seven steps reach the ball's boundary. */
const STEP_SIZE = 0.4;
/** Of float32, at 1. */
const ROUNDING = 1e-6;

const free = RECIPES["free"]!;
const recipe = {
  ...free,
  replays: REPLAYS,
  adversary: { ...free.adversary!, epsilon: EPSILON, relativeStepSize: STEP_SIZE },
};
const data = { train: noiseImages(8), validation: undefined };
const { classifier, settings } = tinyTraining(recipe, { epochs: EPOCHS });

/** What the update graph was fed and gave at each step. */
interface Step {
  readonly images: Float32Array;
  readonly delta: Float32Array;
  readonly next: Float32Array;
  readonly feeds: Feeds;
}
const floats = (value: Tensor | undefined): Float32Array => value!.data as Float32Array;

async function train(hooks: TrainingHooks = {}): Promise<{ outcome: TrainingOutcome; steps: Step[] }> {
  const steps: Step[] = [];
  const watched: TrainingHooks["compile"] = async (graph, options): Promise<Program> => {
    const program = await compile(graph, options);
    return {
      ...program,
      dispose: () => program.dispose(),
      run: async (feeds, fetch) => {
        const outputs = await program.run(feeds, fetch);
        steps.push({
          images: floats(feeds[classifier.image]).slice(),
          delta: floats(feeds[UPDATE.delta]).slice(),
          next: floats(outputs[UPDATE.next(UPDATE.delta)]).slice(),
          feeds,
        });
        return outputs;
      },
    };
  };
  return {
    outcome: await trainClassifier(classifier, data, settings, { ...hooks, compile: watched }),
    steps,
  };
}

/** clip( x + δ, 0, 1 ). */
const moved = (images: Float32Array, delta: Float32Array): Float32Array =>
  images.map((value, i) => Math.min(1, Math.max(0, value + delta[i]!)));
const largest = (values: Float32Array): number =>
  values.reduce((so, value) => Math.max(so, Math.abs(value)), 0);

describe("free adversarial training", () => {
  let steps: readonly Step[] = [];
  let whole: TrainingOutcome | undefined;
  beforeAll(async () => ({ steps, outcome: whole } = await train()));

  test("takes as many steps as other recipes, each batch replayed", () => {
    expect(steps.length).toBe(STEPS);
    expect(stepsOf(settings, data.train.length)).toBe(STEPS);
    expect(whole!.state.step).toBe(STEPS);
    expect(whole!.finished).toBe(true);
  });

  test("replays each batch, moved by the perturbation of the moment", async () => {
    const loader = createLoader(data.train, { batchSize: 4, random: createGenerator(settings.seed) });
    try {
      for (const [step, { images, delta }] of steps.entries()) {
        const batch = await loader.batch(Math.floor(step / REPLAYS));
        expect(images, `step ${step}`).toEqual(moved(batch.images, delta));
      }
    } finally {
      await loader.dispose();
    }
  });

  test("carries the perturbation over, from one batch to the next too", () => {
    expect(largest(steps[0]!.delta)).toBe(0);
    for (let step = 1; step < STEPS; step++) {
      expect(steps[step]!.delta, `step ${step}`).toEqual(steps[step - 1]!.next);
      expect(largest(steps[step]!.delta)).toBeGreaterThan(0);
    }
  });

  test("keeps it in the ball, and the images in [0, 1]", () => {
    const sizes = steps.map(({ next }) => largest(next));
    for (const [step, { images, delta, next }] of steps.entries()) {
      expect(sizes[step]).toBeLessThanOrEqual(EPSILON + ROUNDING);
      expect(images.every((value) => value >= 0 && value <= 1)).toBe(true);
      const change = next.map((value, i) => value - delta[i]!);
      expect(largest(change), `step ${step}`).toBeLessThanOrEqual(STEP_SIZE * EPSILON + ROUNDING);
    }
    // Not for want of steps: the boundary is reached.
    expect(Math.max(...sizes)).toBeCloseTo(EPSILON, 6);
  });

  test("moves it up the loss that the weights go down", async () => {
    const [first] = steps;
    const { optimiser, decayAll, batchSize } = settings;
    const options = { batchSize, weights: recipe.weights, optimiser, decayAll, ema: false, free: true };
    const program = await compile(updateGraph(classifier, options).graph, { threads: 1 });
    const lossAt = async (images: Float32Array): Promise<number> => {
      const image = tensor("float32", first!.feeds[classifier.image]!.shape, images);
      const outputs = await program.run({ ...first!.feeds, [classifier.image]: image });
      return floats(outputs[UPDATE.loss])[0]!;
    };
    try {
      const back = first!.next.map((value) => -value);
      const [there, here, away] = [first!.next, first!.delta, back].map((delta) =>
        moved(first!.images, delta),
      );
      expect(await lossAt(there!)).toBeGreaterThan(await lossAt(here!));
      expect(await lossAt(here!)).toBeGreaterThan(await lossAt(away!));
    } finally {
      await program.dispose();
    }
  });

  test("comes to the same bytes when stopped amid the replays of a batch", async () => {
    const stopAfter = REPLAYS + 1;
    const abort = new AbortController();
    const { outcome: half } = await train({
      signal: abort.signal,
      onEvent: (event) => {
        if (event.type === "step" && event.step === stopAfter) abort.abort();
      },
    });
    expect([half.finished, half.state.step]).toEqual([false, stopAfter]);
    const rest = await train({ resume: half.state });
    expect(rest.steps.map(({ images }) => images)).toEqual(
      steps.slice(stopAfter).map(({ images }) => images),
    );
    expect(rest.outcome.state.tensors).toEqual(whole!.state.tensors);
  });
});
