/** The result of one evaluation by hand, image by image: for tests of what is made of one. */
import type { Corruption } from "../src/data/index.js";
import { measuredResult, wilsonInterval, type Measurement, type Result } from "../src/evaluation/index.js";

export interface ModelByHand {
  readonly name: string;
  /** By image: `+` stands, `a` falls to the attack, `-` is wrong when clean. */
  readonly images: string;
  readonly epsilon?: number;
  readonly attack?: string;
}

/** Every image is of class 0; a wrong answer is class 1. */
export function evaluated(models: readonly ModelByHand[], more: Partial<Result> = {}): Result {
  const n = models[0]!.images.length;
  return measuredResult({
    tool: { name: "holdfast", version: "0.0.0" },
    runtime: { engine: "e", engineVersion: "1", host: "h", platform: "p", cpu: "c", threads: 1 },
    date: "2020-01-01T00:00:00.000Z",
    seed: 0,
    dataset: {
      name: "photos",
      split: "test",
      n,
      sampling: "full",
      population: n,
      sampleSeed: null,
      classNames: ["cat", "dog"],
      classCounts: [n, 0],
      channels: 3,
      height: 2,
      width: 2,
    },
    headline: { norm: "linf", epsilon: models[0]!.epsilon ?? 0.1 },
    models: models.map(({ name }) => ({
      name,
      recipe: null,
      path: `${name}.onnx`,
      sha256: "0".repeat(64),
      architecture: "a",
      parameterCount: 1,
    })),
    measurements: models.flatMap(measurementsOf),
    ...more,
  });
}

/** Accuracy under each kind at severities 1 and 3, that many images right, the first ones. */
export function corrupted(result: Result, correct: Readonly<Partial<Record<Corruption, number>>>): Result {
  const n = result.dataset.n;
  const measurements = result.models.flatMap(({ name }) =>
    Object.entries(correct).flatMap(([corruption, right]) =>
      ([1, 3] as const).map((severity) => ({
        id: `${name}/corrupted/${corruption}/${severity}`,
        model: name,
        n,
        correct: right,
        accuracy: right / n,
        interval: wilsonInterval(right, n),
        seed: 0,
        seconds: 1,
        corruption: corruption as Corruption,
        severity,
        predictions: Array.from({ length: n }, (_, i) => (i < right ? 0 : 1)),
      })),
    ),
  );
  return { ...result, corruptions: { scale: "cifar", frost: "made", measurements } };
}

function measurementsOf({ name, images, epsilon = 0.1, attack = "pgd" }: ModelByHand): Measurement[] {
  const marks = [...images];
  const n = marks.length;
  const label = marks.map(() => 0);
  const index = marks.map((_, i) => i);
  const cleanPrediction = marks.map((mark) => (mark === "-" ? 1 : 0));
  const adversarialPrediction = marks.map((mark) => (mark === "+" ? 0 : 1));
  const score = (id: string, predictions: readonly number[]) => {
    const correct = predictions.filter((prediction) => prediction === 0).length;
    return {
      id: `${name}/${id}`,
      model: name,
      n,
      correct,
      accuracy: correct / n,
      interval: wilsonInterval(correct, n),
      seed: 0,
      seconds: 1,
    };
  };
  return [
    { ...score("clean", cleanPrediction), kind: "clean", perImage: { index, label, cleanPrediction } },
    {
      ...score(`white-box/linf-${epsilon}/${attack}`, adversarialPrediction),
      kind: "white-box",
      attack,
      threat: { norm: "linf", epsilon },
      parameters: {
        steps: 40,
        stepSize: epsilon / 16,
        randomStart: true,
        restarts: 1,
        objective: "cross-entropy",
        targeted: false,
      },
      queries: { forward: n, gradient: 40 * n },
      largestPerturbation: epsilon,
      nonFinite: 0,
      perImage: {
        index,
        label,
        cleanPrediction,
        adversarialPrediction,
        success: adversarialPrediction.map((prediction) => (prediction === 0 ? 0 : 1)),
        distance: marks.map(() => epsilon),
      },
    },
  ];
}
