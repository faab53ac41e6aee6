import {
  grayImage,
  holdsGrayImage,
  pgd,
  PGD_OBJECTIVES,
  type Norm,
  type PgdObjective,
} from "../attacks/index.js";
import { UsageError } from "../errors/index.js";

/** What to measure, before the defaults are filled in. */
export interface EvaluateOptions {
  readonly norm?: Norm;
  /** Radii in pixel units. The last is the headline unless `headline` says otherwise. */
  readonly epsilons: readonly number[];
  readonly headline?: number;
  /** Steps of every attack over the list of ε; 40 by default. */
  readonly steps?: number;
  /** Further step counts, attacked at the headline ε with the same step size. */
  readonly iterations?: readonly number[];
  /** Pixel units; 2.5 ε / steps by default, for each ε of the list. */
  readonly stepSize?: number;
  readonly randomStart?: boolean;
  readonly restarts?: number;
  /** Gradients averaged a step where the model draws at random; 1 by default. */
  readonly draws?: number;
  /** What PGD raises; `scaled-cross-entropy` by default. */
  readonly objective?: PgdObjective;
  /** Names of the models whose adversarial images are also tried on all others; none by default. */
  readonly transferFrom?: readonly string[];
  /** How many images are kept for showing; 6 by default. */
  readonly examples?: number;
  readonly batchSize?: number;
  readonly threads?: number;
  readonly seed?: number;
}

/** One attack that is run on a model over the whole dataset. */
export interface PlannedAttack {
  /** `pgd`, or `gray-image` where it lies in every ball. */
  readonly attack: string;
  readonly epsilon: number;
  /** null of an attack without steps. */
  readonly steps: number | null;
  readonly stepSize: number | undefined;
  /** Whether its images are also scored on the other models. */
  readonly transfer: boolean;
}

/** Everything an evaluation will do, with every default filled in. */
export interface EvaluationPlan {
  readonly norm: Norm;
  readonly headline: number;
  readonly attacks: readonly PlannedAttack[];
  readonly randomStart: boolean;
  readonly restarts: number;
  readonly draws: number;
  readonly objective: PgdObjective;
  readonly transferFrom: readonly string[];
  readonly examples: number;
  readonly batchSize: number;
  readonly threads: number | undefined;
  readonly seed: number;
}

const DEFAULT_STEPS = 40;
const DEFAULT_BATCH = 100;
const DEFAULT_EXAMPLES = 6;

/**
 * Fills in the defaults: every ε at `steps`, then the further step counts at the headline ε
 * with that ε's step size, so that only the number of steps changes along the curve, and the
 * gray image at every ε whose balls all hold it.
 *
 * @throws UsageError when nothing is asked for.
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
  const steps = options.steps ?? DEFAULT_STEPS;
  const norm = options.norm ?? "linf";
  const attacks: PlannedAttack[] = epsilons.map((epsilon) => ({
    attack: pgd.name,
    epsilon,
    steps,
    stepSize: options.stepSize,
    transfer: epsilon > 0,
  }));
  const headlineStepSize = options.stepSize ?? (2.5 * headline) / steps;
  for (const count of new Set(options.iterations)) {
    if (count === steps) continue;
    attacks.push({
      attack: pgd.name,
      epsilon: headline,
      steps: count,
      stepSize: headlineStepSize,
      transfer: false,
    });
  }
  for (const epsilon of epsilons.filter((each) => holdsGrayImage({ norm, epsilon: each }))) {
    // Every model is shown the same gray: there is nothing to transfer.
    attacks.push({ attack: grayImage.name, epsilon, steps: null, stepSize: undefined, transfer: false });
  }
  return {
    norm,
    headline,
    attacks,
    randomStart: options.randomStart ?? true,
    restarts: options.restarts ?? 1,
    draws: options.draws ?? 1,
    objective: options.objective ?? PGD_OBJECTIVES[0],
    transferFrom: options.transferFrom ?? [],
    examples: options.examples ?? DEFAULT_EXAMPLES,
    batchSize: options.batchSize ?? DEFAULT_BATCH,
    threads: options.threads,
    seed: options.seed ?? 0,
  };
}

/** Gradient evaluations of a plan, images × steps × restarts: what progress is measured in. */
export function workOf(plan: EvaluationPlan, images: number, models: number): number {
  const perImage = plan.attacks.reduce((sum, attack) => sum + gradientsOf(plan, attack), 0);
  return perImage * images * models;
}

/** Gradient evaluations that an attack spends on one image. */
export function gradientsOf(
  { restarts }: Pick<EvaluationPlan, "restarts">,
  { steps }: PlannedAttack,
): number {
  return (steps ?? 0) * restarts;
}
