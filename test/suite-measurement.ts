/** A suite's measurement by hand, for tests of what is made of one. */
import {
  wilsonInterval,
  type AttackParameters,
  type FurtherAttack,
  type WhiteBoxMeasurement,
} from "../src/evaluation/index.js";

interface Stage {
  readonly attack: string;
  readonly broken: number;
  readonly options?: Readonly<Record<string, string | number>>;
}

const NONE = {
  steps: null,
  stepSize: null,
  randomStart: null,
  restarts: null,
  objective: null,
  targeted: false,
} satisfies AttackParameters;

/** `right` of `n` images are right when clean; each stage breaks some of those that are left. */
export function suiteMeasurement(
  given: readonly Stage[],
  {
    right = 100,
    n = right,
    epsilon = 0.3,
    model = "m",
    ...more
  }: Partial<WhiteBoxMeasurement> & { right?: number; epsilon?: number } = {},
): WhiteBoxMeasurement {
  let left = right;
  const stages = given.map(({ attack, broken, options = {} }) => {
    const images = left;
    left -= broken;
    const queries = { forward: 2 * images, gradient: 101 * images };
    return { attack, parameters: { ...NONE, ...options }, images, broken, queries, seconds: 61 };
  });
  return {
    kind: "white-box",
    id: `${model}/white-box/linf-${epsilon}/standard`,
    model,
    n,
    correct: left,
    accuracy: left / n,
    interval: wilsonInterval(left, n),
    seed: 0,
    seconds: 1,
    attack: "standard",
    threat: { norm: "linf", epsilon },
    parameters: NONE,
    stages,
    queries: { forward: 0, gradient: 0 },
    largestPerturbation: epsilon,
    nonFinite: 0,
    ...more,
  };
}

/** A check by twice the steps that broke one image, at this place in the dataset, into this class. */
export function brokenByCheck(index: number, prediction: number): FurtherAttack {
  return {
    purpose: "longer",
    attack: "pgd",
    parameters: NONE,
    standing: 1,
    sample: { images: 1, broken: 1 },
    images: 1,
    broken: 1,
    found: { index: [index], prediction: [prediction] },
    queries: { forward: 0, gradient: 0 },
    seconds: 0,
  };
}
