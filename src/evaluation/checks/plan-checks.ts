/** Which checks to run on a model, on how many images, and at what cost. */
import {
  ATTACKS,
  attentionApgd,
  costOf,
  planAttack,
  type PlannedAttack,
  type ThreatModel,
} from "../../attacks/index.js";
import { brokenBlindly } from "../blind.js";
import type { AttackMeasurement, BoundaryScores, FurtherAttack } from "../result/index.js";
import { misleads } from "../gates/index.js";
import { FORWARD, workOf } from "../plan.js";

/** What each check may spend, as a share of the gradients that the measurement may spend on the survivors, if there are many. */
const SHARE = { longer: 0.08, adaptive: 0.04, signs: 0.02 } as const;
/** Least images of a check, however few survive. */
const LEAST = 6;
const MOST = { longer: 100, adaptive: 100, signs: 16 } as const;
/** Most images of the first search without gradients or scores. It is needed so rarely that it need not be cheap. */
export const MOST_SEARCHED = 100;
/** Classes that a longer attack aims at. */
const TARGETS = 3;
/** Least steps of the attack that allows every image. */
const UNBOUNDED_STEPS = 50;
/** Points sampled around an image. */
export const NEIGHBOURS = 20;

/** Another attack, and how many survivors to run it on. */
export interface PlannedFurther extends Pick<FurtherAttack, "purpose"> {
  readonly planned: PlannedAttack;
  readonly images: number;
}

/** One without its number of images. */
interface Unsized<P> extends Pick<PlannedFurther, "planned"> {
  readonly purpose: P;
}

/** An attack under observation, and the same attack with every image allowed. */
export interface PlannedSigns {
  readonly planned: PlannedAttack;
  readonly unbounded: PlannedAttack;
  readonly images: number;
}

export interface PlannedChecks {
  /** Planned whatever the measurement finds; {@link planSearch} depends on it. */
  readonly further: readonly PlannedFurther[];
  readonly signs?: PlannedSigns | undefined;
  /** At most, in gradients. */
  readonly work: number;
}

export interface ChecksOf {
  /** Attacks of the measurement to check. */
  readonly stages: readonly PlannedAttack[];
  /** Pixels of an image times its channels. */
  readonly imageSize: number;
  /** Draws averaged per output. */
  readonly samples: number;
  readonly hasMaps: boolean;
  /** Further step counts that were measured. */
  readonly iterations: readonly number[];
}

/** The checks of a measurement with this many survivors; none if none of its attacks takes gradient steps. */
export function planChecks(of: ChecksOf, standing: number): PlannedChecks {
  const { stages } = of;
  const most = stages.reduce((sum, stage) => sum + costOf(stage).gradient, 0) * standing;
  const sized = (kind: keyof typeof SHARE, each: number): number =>
    Math.min(standing, MOST[kind], Math.max(LEAST, Math.floor((SHARE[kind] * most) / Math.max(each, 1))));
  const further = [longer(of), adaptive(of)].flatMap((one): PlannedFurther[] =>
    one === undefined ? [] : [{ ...one, images: sized(one.purpose, workOf([one.planned], 1)) }],
  );
  const watched = longest(stages);
  const signs = watched && { planned: watched, unbounded: unbounded(watched, of.imageSize) };
  const looked = NEIGHBOURS * FORWARD * (of.samples === 1 ? 1 : 2 * of.samples);
  const each = signs === undefined ? 0 : workOf([signs.planned, signs.unbounded], 1) + looked;
  const images = sized("signs", each);
  return {
    further,
    ...(signs === undefined ? {} : { signs: { ...signs, images } }),
    work: Math.ceil(
      further.reduce((sum, { planned, images: n }) => sum + workOf([planned], n), 0) + each * images,
    ),
  };
}

/** The strongest attack with twice its steps, towards the few most likely classes. */
function longer({ stages, iterations }: ChecksOf): Unsized<"longer"> | undefined {
  const candidates = stages.filter(takesSteps);
  const strongest = greatest(candidates, (stage) => costOf(stage).gradient);
  if (strongest === undefined) return undefined;
  const steps = 2 * (strongest.options["steps"] as number);
  // A curve over steps already shows it.
  if (iterations.some((each) => each >= steps)) return undefined;
  const { targets } = strongest.options;
  const options = {
    ...strongest.options,
    steps,
    ...(typeof targets === "number" && { targets: Math.min(targets, TARGETS) }),
  };
  return { purpose: "longer", planned: { ...strongest, options } };
}

/** For a model with attention maps, unless the measurement already tried it. */
function adaptive({ stages, hasMaps }: ChecksOf): Unsized<"adaptive"> | undefined {
  const { name, norms } = attentionApgd;
  const [{ threat, options }] = stages as [PlannedAttack, ...PlannedAttack[]];
  const isKnown = norms.some((norm) => norm === threat.norm);
  if (!hasMaps || !isKnown || stages.some(({ attack }) => attack.name === name)) return undefined;
  const { draws } = options;
  const given = typeof draws === "number" ? { draws } : {};
  return { purpose: "adaptive", planned: planAttack(attentionApgd, threat, given) };
}

/**
 * If attacks without gradients broke images that the gradient attacks had left: Square with as many queries as in `standard`, and
 * then APGD, on every survivor up to a number. Undefined if the measurement tried it.
 */
export function planSearch(measurement: AttackMeasurement, standing: number): PlannedFurther | undefined {
  const { square, "square-apgd": attack } = ATTACKS;
  const { threat, stages = [] } = measurement;
  const isKnown = attack.norms.some((norm) => norm === threat.norm);
  if (!isKnown || brokenBlindly(measurement) === undefined) return undefined;
  const queries = Number(planAttack(square, threat, {}).options["queries"]);
  if (stages.some((s) => s.attack === attack.name && Number(s.parameters["queries"]) >= queries))
    return undefined;
  const planned = planAttack(attack, threat, { queries, draws: drawsOf(measurement) });
  return { purpose: "search", planned, images: Math.min(standing, MOST_SEARCHED) };
}

/** The most draws that an attack of the measurement averaged over. */
export function drawsOf({ stages = [] }: AttackMeasurement): number {
  return Math.max(1, ...stages.map(({ parameters }) => Number(parameters["draws"] ?? 1)));
}

/** If the scores mislead: HopSkipJump, which sees only the predicted class. Undefined if that was the attack. */
export function planDecision(
  { attack, threat }: Pick<AttackMeasurement, "attack" | "threat">,
  boundary: BoundaryScores | undefined,
  standing: number,
): PlannedFurther | undefined {
  const hopSkipJump = ATTACKS["hop-skip-jump"];
  const isKnown = hopSkipJump.norms.some((norm) => norm === threat.norm);
  if (!isKnown || attack === hopSkipJump.name || !misleads(boundary)) return undefined;
  const planned = planAttack(hopSkipJump, threat, {});
  return { purpose: "decision", planned, images: Math.min(standing, MOST_SEARCHED) };
}

/** The attack with the most steps, from one start and towards the most likely class: the one to watch. */
function longest(stages: readonly PlannedAttack[]): PlannedAttack | undefined {
  const found = greatest(stages.filter(takesSteps), ({ options }) => options["steps"] as number);
  if (found === undefined) return undefined;
  const once = Object.fromEntries(
    ["restarts", "targets"].flatMap((name) => (found.options[name] === undefined ? [] : [[name, 1]])),
  );
  return { ...found, options: { ...found.options, ...once } };
}

/** The attack with every image allowed, with a matching step size. */
function unbounded(planned: PlannedAttack, imageSize: number): PlannedAttack {
  const threat = { ...planned.threat, epsilon: widest(planned.threat, imageSize) };
  const steps = Math.max(planned.options["steps"] as number, UNBOUNDED_STEPS);
  const stepSize =
    planned.options["stepSize"] === undefined ? {} : { stepSize: (2.5 * threat.epsilon) / steps };
  return { ...planned, threat, options: { ...planned.options, ...stepSize, steps } };
}

/** The radius at which a ball around any image holds all images. */
function widest({ norm }: ThreatModel, imageSize: number): number {
  return norm === "linf" || norm === "patch" ? 1 : norm === "l2" ? Math.sqrt(imageSize) : imageSize;
}

/** Whether an attack raises a loss by gradients for a given number of steps. */
function takesSteps({ attack, options }: PlannedAttack): boolean {
  const raises = options["loss"] !== undefined || options["objective"] !== undefined;
  const isFixed = (attack.options as Readonly<Record<string, { fixed?: boolean }>>)["steps"]?.fixed === true;
  return attack.access === "gradient" && raises && !isFixed && options["queries"] === undefined;
}

/** The first item with the largest value. */
function greatest<T>(items: readonly T[], of: (item: T) => number): T | undefined {
  let best: T | undefined;
  for (const item of items) if (best === undefined || of(item) > of(best)) best = item;
  return best;
}
