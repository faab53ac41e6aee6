/** Measurements by hand, of 1000 images, for tests of the gates. */
import { wilsonInterval, type AttackMeasurement, type Measurement } from "../src/evaluation/index.js";

/** Images of {@link GATED}, and of the measurements beside it. */
export const N = 1000;
/** What the gates read of a dataset. */
export const GATED = {
  name: "d",
  split: "test",
  n: N,
  sampling: "full",
  population: N,
  sampleSeed: null,
  classNames: ["a", "b"],
  classCounts: [500, 500],
  channels: 1,
  height: 1,
  width: 1,
} as const;

const score = (accuracy: number, id: string) => ({
  id,
  model: "m",
  n: N,
  correct: Math.round(accuracy * N),
  accuracy,
  interval: wilsonInterval(Math.round(accuracy * N), N),
  seed: 0,
  seconds: 1,
});

/** Accuracy on clean images. */
export const clean = (accuracy: number): Measurement => ({ ...score(accuracy, "clean"), kind: "clean" });

interface Options {
  readonly attack?: string;
  readonly epsilon?: number;
  readonly steps?: number;
  readonly stepSize?: number;
  readonly source?: string;
  readonly nonFinite?: number;
  readonly zeroGradient?: AttackMeasurement["zeroGradient"];
}

/** An attack's accuracy, white-box unless it has a source. */
export function attack(accuracy: number, options: Options = {}): AttackMeasurement {
  const { epsilon = 0.3, steps = 40, stepSize = (2.5 * epsilon) / steps, source, nonFinite = 0 } = options;
  const common = {
    ...score(accuracy, `${source ?? "white"}-${epsilon}-${steps}`),
    attack: options.attack ?? "pgd",
    threat: { norm: "linf" as const, epsilon },
    parameters: {
      steps,
      stepSize,
      randomStart: true,
      restarts: 1,
      objective: "cross-entropy",
      targeted: false,
    },
    queries: { forward: 0, gradient: 0 },
    largestPerturbation: epsilon,
    nonFinite,
    zeroGradient: options.zeroGradient,
  };
  return source === undefined ? { ...common, kind: "white-box" } : { ...common, kind: "transfer", source };
}
