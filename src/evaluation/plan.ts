import {
  ATTACKS,
  costOf,
  grayImage,
  holdsGrayImage,
  planAttack,
  type AnyAttack,
  type Norm,
  type OptionValue,
  type PlannedAttack,
} from "../attacks/index.js";
import { suggestName, UsageError } from "../errors/index.js";

/** What to measure, before the defaults are filled in. */
export interface EvaluateOptions {
  readonly norm?: Norm;
  /** Radii in pixel units. The last is the headline unless `headline` says otherwise. */
  readonly epsilons: readonly number[];
  readonly headline?: number;
  /** Name of the attack; PGD by default. */
  readonly attack?: string;
  /** What the attack is told; its own defaults for the rest. */
  readonly options?: Readonly<Record<string, OptionValue | undefined>>;
  /** Further step counts, attacked at the headline ε with the same step size. */
  readonly iterations?: readonly number[];
  /** Names of the models whose adversarial images are also tried on all others; none by default. */
  readonly transferFrom?: readonly string[];
  /** How many images are kept for showing; 6 by default. */
  readonly examples?: number;
  readonly batchSize?: number;
  readonly threads?: number;
  readonly seed?: number;
}

/** One attack that is run on a model over the whole dataset. */
export interface PlannedMeasurement extends PlannedAttack {
  /** Whether its images are also scored on the other models. */
  readonly transfer: boolean;
}

/** Everything an evaluation will do, with every default filled in. */
export interface EvaluationPlan {
  readonly norm: Norm;
  readonly headline: number;
  readonly attacks: readonly PlannedMeasurement[];
  readonly transferFrom: readonly string[];
  readonly examples: number;
  readonly batchSize: number;
  readonly threads: number | undefined;
  readonly seed: number;
}

const DEFAULT_BATCH = 100;
const DEFAULT_EXAMPLES = 6;

/**
 * Fills in the defaults: every ε, then the further step counts at the headline ε with that ε's step size, so that only
 * the number of steps changes along the curve, and the gray image at every ε whose balls all hold it.
 *
 * @throws UsageError when nothing is asked for, or what is asked for cannot be.
 */
export function planEvaluation(options: EvaluateOptions): EvaluationPlan {
  const epsilons = [...new Set(options.epsilons)].sort((a, b) => a - b);
  const headline = options.headline ?? epsilons.at(-1);
  if (headline === undefined) {
    throw new UsageError({
      place: "epsilon",
      problem: "the list is empty",
      remedy: "Give at least one radius, such as 8/255.",
    });
  }
  if (!epsilons.includes(headline)) epsilons.push(headline);
  const norm = options.norm ?? "linf";
  const attack = attackNamed(options.attack ?? "pgd");
  const given = (options.options ?? {}) as never;
  const attacks: PlannedMeasurement[] = epsilons.map((epsilon) => ({
    ...planAttack(attack, { norm, epsilon }, given),
    transfer: epsilon > 0,
  }));
  const main = attacks.find(({ threat }) => threat.epsilon === headline)!.options;
  for (const steps of new Set(options.iterations)) {
    if (steps === main["steps"]) continue;
    const further = { ...(given as object), steps, stepSize: main["stepSize"] } as never;
    attacks.push({ ...planAttack(attack, { norm, epsilon: headline }, further), transfer: false });
  }
  for (const epsilon of epsilons.filter((each) => holdsGrayImage({ norm, epsilon: each }))) {
    // Every model is shown the same gray: there is nothing to transfer.
    attacks.push({ ...planAttack(grayImage, { norm, epsilon }), transfer: false });
  }
  return {
    norm,
    headline,
    attacks,
    transferFrom: options.transferFrom ?? [],
    examples: options.examples ?? DEFAULT_EXAMPLES,
    batchSize: options.batchSize ?? DEFAULT_BATCH,
    threads: options.threads,
    seed: options.seed ?? 0,
  };
}

/** @throws UsageError on a name that no attack has. */
export function attackNamed(name: string): AnyAttack {
  if (Object.hasOwn(ATTACKS, name)) return ATTACKS[name as keyof typeof ATTACKS];
  throw new UsageError({
    place: "attack",
    problem: `there is no "${name}"`,
    remedy: suggestName(name, Object.keys(ATTACKS)),
  });
}

/** Gradient evaluations of a plan, at most: what progress is measured in. */
export function workOf(plan: EvaluationPlan, images: number, models: number): number {
  return plan.attacks.reduce((sum, attack) => sum + costOf(attack).gradient, 0) * images * models;
}
