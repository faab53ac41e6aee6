import {
  ATTACKS,
  costOf,
  holdsGrayImage,
  LONGEST,
  planAttack,
  stagesOf,
  SUITES,
  type AnyAttack,
  type AttackName,
  type Norm,
  type OptionValue,
  type PlannedAttack,
  type Suite,
  type SuiteName,
  type ThreatModel,
} from "../attacks/index.js";
import { suggestName, UsageError } from "../errors/index.js";
import { planCorruptions, type CorruptionOptions, type CorruptionPlan } from "./plan-corruptions.js";
import type { Shard } from "./shards.js";

/** What to measure, before defaults are filled in. */
export interface EvaluateOptions {
  readonly norm?: Norm;
  /** Radii in pixel units. The last is the headline unless `headline` says otherwise. */
  readonly epsilons: readonly number[];
  readonly headline?: number;
  /** Name of an attack or a suite, or `none`; PGD by default. */
  readonly attack?: string;
  /** The attack's options; its own defaults for the rest. */
  readonly options?: Readonly<Record<string, OptionValue | undefined>>;
  /** Further step counts, attacked at the headline ε with the same step size. */
  readonly iterations?: readonly number[];
  /** Whether to search for the nearest adversarial image of every image, for the accuracy at every ε; a number sets the steps. */
  readonly curve?: boolean | number;
  /** Names of the models whose adversarial images are also tried on all others. None by default. */
  readonly transferFrom?: readonly string[];
  /** Number of images kept for the report; 6 by default. */
  readonly examples?: number;
  readonly batchSize?: number;
  readonly threads?: number;
  readonly seed?: number;
  /**
   * Whether to check how far the headline's number can be trusted. True by default, but never for a shard, within a
   * budget or with a threshold. Whether models repeat their answers is always checked: it decides how they are attacked.
   * Whether their scores mislead is also checked within a budget or with a threshold.
   */
  readonly checks?: boolean;
  /** Attack only the images of this part; `mergeResults` merges the parts. */
  readonly shard?: Shard | undefined;
  /**
   * Seconds to spend. What does not fit is left out; time left over goes to stronger attacks at the headline. How much gets
   * done depends on the machine.
   */
  readonly budget?: number | undefined;
  /** Also measure the accuracy under corruptions. They are measured last, outside any budget or threshold. */
  readonly corruptions?: CorruptionOptions | undefined;
  /** End once it is certain whether every model's accuracy at the headline is at least this. Nothing else is measured. */
  readonly threshold?: number | undefined;
}

/** One attack or suite, to run on a model over the whole dataset. */
export interface PlannedMeasurement {
  /** Name of the attack or the suite. */
  readonly name: string;
  readonly label: string;
  readonly threat: ThreatModel;
  /** Each runs on the images that survived the ones before it. */
  readonly stages: readonly [PlannedAttack, ...PlannedAttack[]];
  /** Whether it is a suite, which skips images that are wrong when clean. */
  readonly isSuite: boolean;
  /** Whether it searches for the nearest adversarial image, whatever ε is. */
  readonly nearest?: true;
  /** Whether its images are also scored on the other models. */
  readonly transfer: boolean;
}

/** Everything that an evaluation will do, with every default filled in. */
export interface EvaluationPlan {
  readonly norm: Norm;
  readonly headline: number;
  readonly attacks: readonly PlannedMeasurement[];
  readonly transferFrom: readonly string[];
  readonly examples: number;
  readonly batchSize: number;
  readonly threads: number | undefined;
  readonly seed: number;
  readonly checks: boolean;
  /** Whether to look at the scores before a decision, which takes so little that a budget or a threshold does not prevent it. */
  readonly scores: boolean;
  readonly corruptions?: CorruptionPlan | undefined;
}

/** The name for no attack. */
const NO_ATTACK = "none";
const DEFAULT_BATCH = 100;
const DEFAULT_EXAMPLES = 6;

/**
 * Fills in the defaults: every ε; then the further step counts at the headline ε, with that ε's step size, so that only
 * the number of steps changes along the curve; the gray image at every ε whose balls all contain it; and the search for
 * the nearest images, in the widest ball.
 *
 * @throws UsageError if the options ask for nothing, or for something impossible.
 */
export function planEvaluation(options: EvaluateOptions): EvaluationPlan {
  const wantsAttack = options.attack !== NO_ATTACK;
  const epsilons = wantsAttack ? [...new Set(options.epsilons)].sort((a, b) => a - b) : [];
  const headline = wantsAttack ? (options.headline ?? epsilons.at(-1)) : 0;
  if (headline === undefined) {
    throw new UsageError({
      place: "epsilon",
      problem: "the list is empty",
      remedy: "Give at least one radius, such as 8/255.",
    });
  }
  if (wantsAttack && !epsilons.includes(headline)) epsilons.push(headline);
  const norm = options.norm ?? "linf";
  const name = options.attack ?? "pgd";
  const given = options.options ?? {};
  const attacks: PlannedMeasurement[] = epsilons.map((epsilon) => ({
    ...planMeasurement(name, { norm, epsilon }, given),
    transfer: epsilon > 0,
  }));
  const main = attacks.find(({ threat }) => threat.epsilon === headline);
  for (const steps of new Set(options.iterations)) {
    if (main === undefined || main.isSuite) {
      throw new UsageError({
        place: "iterations",
        problem:
          main === undefined ? "have no effect without an attack" : `do not apply to the suite ${name}`,
        remedy: "Omit them.",
      });
    }
    const [{ options: own }] = main.stages;
    if (steps === own["steps"]) continue;
    const further = { ...given, steps, stepSize: own["stepSize"] };
    attacks.push({ ...planMeasurement(name, main.threat, further), transfer: false });
  }
  for (const epsilon of epsilons.filter((each) => holdsGrayImage({ norm, epsilon: each }))) {
    // Every model sees the same gray, so there is nothing to transfer.
    attacks.push({ ...planMeasurement("gray-image", { norm, epsilon }, {}), transfer: false });
  }
  const { curve = false } = options;
  if (curve !== false) {
    const steps = curve === true ? undefined : curve;
    const widest = planMeasurement("fmn", { norm, epsilon: LONGEST[norm] }, { steps, stop: "end" });
    attacks.push({ ...widest, nearest: true, transfer: false });
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
    checks: isChecked(options),
    scores: options.checks !== false && options.shard === undefined,
    ...(options.corruptions && { corruptions: planCorruptions(options.corruptions) }),
  };
}

/**
 * Whether the headline is checked: only in a whole evaluation that does not skip it. Checks of a shard would cover only a part,
 * and a budget or a threshold decides when to stop.
 */
export function isChecked({
  checks = true,
  shard,
  budget,
  threshold,
}: Pick<EvaluateOptions, "checks" | "shard" | "budget" | "threshold">): boolean {
  return checks && shard === undefined && budget === undefined && threshold === undefined;
}

/** Whether anything is attacked at a requested ε. */
export function isAttacked({ attacks }: Pick<EvaluationPlan, "attacks">): boolean {
  return attacks.some(({ nearest }) => nearest !== true);
}

/** Whether a measurement belongs to the headline, by its ε. The search for the nearest images has none, however wide its ball. */
export function isAtHeadline(
  { threat, nearest }: Pick<PlannedMeasurement, "threat" | "nearest">,
  { headline }: Pick<EvaluationPlan, "headline">,
): boolean {
  return nearest !== true && threat.epsilon === headline;
}

/** The first measurement of the headline, whose images are shown and whose number is checked. */
export function headlineIn(
  planned: readonly PlannedMeasurement[],
  plan: Pick<EvaluationPlan, "headline">,
): PlannedMeasurement | undefined {
  return planned.find((each) => isAtHeadline(each, plan));
}

/** Finds an attack or a suite by name. @throws UsageError on an unknown name or option. */
function planMeasurement(
  name: string,
  threat: ThreatModel,
  given: Readonly<Record<string, OptionValue | undefined>>,
): Omit<PlannedMeasurement, "transfer"> {
  if (!Object.hasOwn(SUITES, name)) {
    const attack = attackNamed(name, Object.keys(SUITES));
    const stage = planAttack(attack, threat, given as never);
    return { name, label: attack.label, threat, stages: [stage], isSuite: false };
  }
  const suite: Suite = SUITES[name as SuiteName];
  const [typed] = Object.keys(given).filter((option) => given[option] !== undefined);
  if (typed !== undefined) {
    throw new UsageError({
      place: typed,
      problem: `does not apply to the suite ${name}: its attacks set their own options`,
      remedy: "Omit it, or choose a single attack.",
    });
  }
  const [first, ...rest] = stagesOf(suite, threat.norm).map(({ attack, options }) =>
    planAttack(attackNamed(attack), threat, options as never),
  );
  return { name, label: suite.label, threat, stages: [first!, ...rest], isSuite: true };
}

/** @throws UsageError on an unknown name. */
export function attackNamed(name: string, others: readonly string[] = []): AnyAttack {
  // The name is known only at run time, so the compiler cannot know its options.
  if (Object.hasOwn(ATTACKS, name)) return ATTACKS[name as AttackName] as unknown as AnyAttack;
  throw new UsageError({
    place: "attack",
    problem: `there is no "${name}"`,
    remedy: suggestName(name, [...others, ...Object.keys(ATTACKS)]),
  });
}

/** The cost of this many images, in gradients: a forward pass alone takes about a third of one. */
export function workOf(stages: readonly PlannedAttack[], images: number): number {
  const each = stages
    .map(costOf)
    .reduce((sum, { gradient, forward }) => sum + gradient + forward * FORWARD, 0);
  return Math.ceil(each * images);
}

/** Time of a forward pass as a share of a gradient's. */
export const FORWARD: number = 1 / 3;
