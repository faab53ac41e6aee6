/** Which checks are made of a model, with how much, and what they cost. */
import {
  attentionApgd,
  costOf,
  planAttack,
  type PlannedAttack,
  type ThreatModel,
} from "../../attacks/index.js";
import type { FurtherAttack } from "../result/index.js";
import { FORWARD, workOf } from "../plan.js";

/** Shares of the gradients that the measurement may ask of the images that stand: what its checks may ask, where these are many. */
const SHARE = { longer: 0.08, adaptive: 0.04, signs: 0.02 } as const;
/** Images of a check, however few or many stand. */
const LEAST = 6;
const MOST = { longer: 100, adaptive: 100, signs: 16 } as const;
/** Classes that a longer attack aims at. */
const TARGETS = 3;
/** Steps of the attack that every image is allowed to, at least. */
const UNBOUNDED_STEPS = 50;
/** Points around an image that are looked at. */
export const NEIGHBOURS = 20;

/** Another attack, and on how many of the images that stand. */
export interface PlannedFurther extends Pick<FurtherAttack, "purpose"> {
  readonly planned: PlannedAttack;
  readonly images: number;
}

/** An attack under observation, and the same where every image is allowed. */
export interface PlannedSigns {
  readonly planned: PlannedAttack;
  readonly unbounded: PlannedAttack;
  readonly images: number;
}

export interface PlannedChecks {
  readonly further: readonly PlannedFurther[];
  readonly signs?: PlannedSigns | undefined;
  /** At most, in gradients. */
  readonly work: number;
}

export interface ChecksOf {
  /** Of the measurement that they are about. */
  readonly stages: readonly PlannedAttack[];
  /** Pixels of an image times its channels. */
  readonly imageSize: number;
  /** Draws that an answer is averaged over. */
  readonly samples: number;
  readonly hasMaps: boolean;
  /** Step counts that were measured beside it. */
  readonly iterations: readonly number[];
}

/** The checks of a measurement that so many images withstand; none where no attack of it takes steps by gradients. */
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

/** The strongest attack at twice its steps, towards the likeliest few classes. */
function longer({ stages, iterations }: ChecksOf): Omit<PlannedFurther, "images"> | undefined {
  const candidates = stages.filter(takesSteps);
  const strongest = greatest(candidates, (stage) => costOf(stage).gradient);
  if (strongest === undefined) return undefined;
  const steps = 2 * (strongest.options["steps"] as number);
  // A curve over steps has shown it.
  if (iterations.some((each) => each >= steps)) return undefined;
  const { targets } = strongest.options;
  const options = {
    ...strongest.options,
    steps,
    ...(typeof targets === "number" && { targets: Math.min(targets, TARGETS) }),
  };
  return { purpose: "longer", planned: { ...strongest, options } };
}

/** For a model with attention maps, where the measurement has not tried it. */
function adaptive({ stages, hasMaps }: ChecksOf): Omit<PlannedFurther, "images"> | undefined {
  const { name, norms } = attentionApgd;
  const [{ threat, options }] = stages as [PlannedAttack, ...PlannedAttack[]];
  const isKnown = norms.some((norm) => norm === threat.norm);
  if (!hasMaps || !isKnown || stages.some(({ attack }) => attack.name === name)) return undefined;
  const { draws } = options;
  const given = typeof draws === "number" ? { draws } : {};
  return { purpose: "adaptive", planned: planAttack(attentionApgd, threat, given) };
}

/** The attack of most steps, from one start and towards the likeliest class: the one whose walk is watched. */
function longest(stages: readonly PlannedAttack[]): PlannedAttack | undefined {
  const found = greatest(stages.filter(takesSteps), ({ options }) => options["steps"] as number);
  if (found === undefined) return undefined;
  const once = Object.fromEntries(
    ["restarts", "targets"].flatMap((name) => (found.options[name] === undefined ? [] : [[name, 1]])),
  );
  return { ...found, options: { ...found.options, ...once } };
}

/** The attack where every image is allowed, with steps as long as that asks for. */
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

/** Whether an attack raises a loss by gradients for a number of steps that it is told. */
function takesSteps({ attack, options }: PlannedAttack): boolean {
  const raises = options["loss"] !== undefined || options["objective"] !== undefined;
  const isFixed = (attack.options as Readonly<Record<string, { fixed?: boolean }>>)["steps"]?.fixed === true;
  return attack.access === "gradient" && raises && !isFixed && options["queries"] === undefined;
}

/** The first of those that are greatest. */
function greatest<T>(items: readonly T[], of: (item: T) => number): T | undefined {
  let best: T | undefined;
  for (const item of items) if (best === undefined || of(item) > of(best)) best = item;
  return best;
}
