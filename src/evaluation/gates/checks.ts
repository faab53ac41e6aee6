/** The gates on the extra checks, and the statements if they found nothing. */
import { CARDS, normLabel } from "../../attacks/cards/index.js";
import type {
  AttackMeasurement,
  FurtherAttack,
  ModelChecks,
  ResultWarning,
  WarningCode,
} from "../result/index.js";
import { isBeyond, shownBy } from "../checks/beyond.js";
import { attacksOf, type Measured } from "../curves.js";
import { warn } from "../warn.js";
import { attackAndSteps, attackLabel, describe, list, number, percent } from "../words.js";
import { severityOf } from "./gate.js";

/** If an attack made for the defence takes more accuracy than this, the number is weak. */
const ADAPTIVE_MARGIN = 0.002;
/** Share of the margin that small noise may change on average. */
const UNSTABLE = 0.1;
/** From this share up, the gradient means nothing. */
const WILD = 1;
/** Share of the watched images that must show a sign of weakness. */
const SOME = 0.25;
/** If this share of the images survives without limits, the number is false. */
const MANY = 0.25;

type Checks = Pick<Measured, "checks" | "measurements">;

/** The checks of a model, with the measurement that they are about. */
interface Checked {
  readonly checks: ModelChecks;
  readonly about: AttackMeasurement;
}

function checked({ checks = [], measurements }: Checks): Checked[] {
  const attacks = attacksOf(measurements);
  return checks.flatMap((each) => {
    const about = attacks.find(({ id }) => id === each.measurement);
    return about === undefined ? [] : [{ checks: each, about }];
  });
}

/** The same images gave different outputs although nothing says that the model is randomised (AutoAttack's check). */
export function repeatsGate({ checks = [], measurements }: Checks): ResultWarning[] {
  return checks.flatMap(({ model, repeats }) => {
    if (repeats?.averagedOver === undefined) return [];
    const { images, correct, difference, averagedOver } = repeats;
    const message =
      `${model}: run ${correct.length} times on the same ${images} images, the model got ${correct.join(", ")} right, and its ` +
      `outputs differed by up to ${number(difference)} of their length. Either it draws random numbers of its own, or it is not ` +
      `computed the same way twice. It was attacked and scored as a randomised model: each output is the mean of ${averagedOver} runs. ` +
      "Its random draws have no seed, so this number cannot be repeated. Make the noise an input of the model, or remove it; then " +
      "measure with --attack rand, which averages 20 gradients per step.";
    return [
      warn(
        "unreliable-attack",
        "serious",
        message,
        measurements.filter((m) => m.model === model),
      ),
    ];
  });
}

/** Gate 7, on a sample: the strongest attack at twice its steps broke more than the interval allows for. */
export function longerGate(measured: Checks): ResultWarning[] {
  return checked(measured).flatMap(({ checks: { further = [] }, about }) =>
    further.flatMap((longer) => {
      if (longer.purpose !== "longer" || !isBeyond(longer, about)) return [];
      const message =
        `${describe(about)}: ${attackAndSteps(longer)}, with twice the steps, broke ${longer.broken} of ${longer.images} images that ` +
        `had survived: ${after(longer, about)} instead of ${percent(about.accuracy)}, below the confidence interval. The attack had ` +
        `not converged. ${counted(longer)} Measure again with more steps (${moreSteps(about, longer)}) until the accuracy stops falling.`;
      return [warn("not-converged", "warning", message, [about])];
    }),
  );
}

function after(further: FurtherAttack, about: AttackMeasurement): string {
  const share = percent(shownBy(further, about));
  return further.images === further.standing ? share : `about ${share}`;
}

function counted({ images, standing }: FurtherAttack): string {
  return images === standing
    ? "It was run on all survivors, and the images it broke count in the worst case."
    : "The images it broke count in the worst case.";
}

function moreSteps({ stages, parameters }: AttackMeasurement, longer: FurtherAttack): string {
  const { steps } = longer.parameters;
  if (stages !== undefined) return `--attack ${longer.attack} --steps ${Number(steps)}, or --attack standard`;
  return `--steps ${2 * (parameters.steps ?? Number(steps))}`;
}

/** Gate 10: an attack made for the defence broke images that the others had left. */
export function adaptiveGate(measured: Checks): ResultWarning[] {
  return checked(measured).flatMap(({ checks: { further = [] }, about }) =>
    further.flatMap((adaptive) => {
      if (adaptive.purpose !== "adaptive" || adaptive.broken === 0) return [];
      const isMuch = adaptive.broken > ADAPTIVE_MARGIN * about.n;
      const message =
        `${describe(about)}: ${attackAndSteps(adaptive)}, which attacks the attention maps and the logits together, broke ${adaptive.broken} of ` +
        `${adaptive.images} images that had survived (${percent(adaptive.broken / about.n)} of all). ${counted(adaptive)} The accuracy in the ` +
        "table holds only against attacks that do not know the defence. Report the worst case, and run this attack for longer " +
        `(--attack ${adaptive.attack} --steps 200 --restarts 5).`;
      return [warn("not-adaptive", isMuch ? "warning" : "info", message, [about])];
    }),
  );
}

/** Recipes that pair attention or logits, which an attack must know about. */
const PAIRING: ReadonlySet<string> = new Set(["alp", "at", "at-alp"]);

/** A model trained to keep its attention or its logits was attacked as if it were not. */
export function unadaptedGate({
  models = [],
  checks = [],
  measurements,
}: Pick<Measured, "models" | "checks" | "measurements">): ResultWarning[] {
  return models.flatMap(({ name, recipe }) => {
    const own = attacksOf(measurements).filter((m) => m.model === name && m.kind === "white-box");
    if (!PAIRING.has(recipe ?? "") || own.length === 0) return [];
    const isAdaptive = (attack: string): boolean => attack === "attention-apgd";
    const further = checks.flatMap((each) => (each.model === name ? (each.further ?? []) : []));
    const isTried =
      own.some(({ attack, stages = [] }) => isAdaptive(attack) || stages.some((s) => isAdaptive(s.attack))) ||
      further.some(({ attack }) => isAdaptive(attack));
    if (isTried || own.every(({ correct }) => correct === 0)) return [];
    const { name: adaptive, norms } = CARDS["attention-apgd"];
    const isKnown = own.some(({ threat }) => norms.some((norm) => norm === threat.norm));
    const where = isKnown ? "" : ` in ${norms.map(normLabel).join(" or ")}, the norms it supports`;
    const message =
      `${name} was trained to keep its attention or its logits (${recipe}), but no attack on them was tried. Also measure it with ` +
      `holdfast evaluate --attack ${adaptive}${where}.`;
    return [warn("not-adaptive", "info", message, own)];
  });
}

/** Gate 9: the six indicators of attack failure (Pintor et al. 2022, arXiv:2106.09947). */
export function signsGate(measured: Checks): ResultWarning[] {
  return checked(measured).flatMap((each) => signsOf(each));
}

function signsOf({ checks, about }: Checked): ResultWarning[] {
  const { signs, further = [] } = checks;
  if (signs === undefined || signs.images === 0) return [];
  const { images, noGradient, instability, lost, rising, refuted, unbounded } = signs;
  const found: ResultWarning[] = [];
  const on = (count: number): string => `on ${count} of ${images} images that survived,`;
  const say = (code: WarningCode, severity: ResultWarning["severity"], message: string): void => {
    found.push(warn(code, severity, `${describe(about)}: ${message}`, [about]));
  };
  // If the gradient was zero in most steps, its own warning says more.
  if (noGradient > 0 && (about.zeroGradient?.standing ?? 0) === 0) {
    say(
      "unavailable-gradients",
      "warning",
      `${on(noGradient)} the gradient was zero or not a number in at least a tenth of the steps of ${attackAndSteps(signs)}. Let gradients pass ` +
        "through rounding (--straight-through), or attack without them (--attack square --queries 20000).",
    );
  }
  if (instability > UNSTABLE) {
    say(
      "unstable-predictions",
      instability > WILD ? severityOf([checks], [about]) : "warning",
      `imperceptible noise changes the margin of the logits by ${percent(instability)} of itself, on average over ${images} images. ` +
        "A gradient at one point says little about the points around it. If the model is randomised, average gradients over draws " +
        "(--attack rand); otherwise give Square more queries (--attack square --queries 20000), or transfer images from a smoother model.",
    );
  }
  if (lost > 0) {
    say(
      "silent-success",
      "serious",
      `${on(lost)} ${attackAndSteps(signs)} found an adversarial image but did not return it, so the accuracy is too high. Let it keep ` +
        "the best image it saw (--keep best).",
    );
  }
  if (rising >= 2 && rising >= SOME * images) {
    const longer = further.find(({ purpose, images: tried }) => purpose === "longer" && tried > 0);
    const isVain = longer?.broken === 0;
    say(
      "incomplete-optimisation",
      isVain ? "info" : "warning",
      `${on(rising)} the last ten steps of ${attackAndSteps(signs)} still made more than a twentieth of the whole rise of the loss. ` +
        (isVain ? `Even so, ${attackAndSteps(longer)} broke none of ${longer.images}. ` : "") +
        `Give it more steps (--steps ${2 * Number(signs.parameters["steps"] ?? 0)}) or a larger step size.`,
    );
  }
  if (refuted > 0) {
    say(
      "transfer-failure",
      "serious",
      `${on(refuted)} ${attackAndSteps(signs)} found an image that is adversarial for the function it differentiates, but not for the model: ` +
        "the gradient is not that of the function being scored. Attack the deployed model by its outputs " +
        "(--attack square), or include what differs in the file.",
    );
  }
  if (unbounded > 0) {
    say(
      "unconstrained-failure",
      unbounded >= MANY * images ? severityOf([checks], [about]) : "warning",
      `${attackAndSteps(signs)} did not succeed on ${unbounded} of ${images} images even when every image in [0, 1] was allowed. An attack that ` +
        "cannot find what certainly exists says nothing about a small ball. Look for what hides the gradient " +
        "(clipped or saturated outputs, rounding), let gradients pass it (--straight-through), or attack without them (--attack square).",
    );
  }
  return found;
}

/** How the attacks adjusted themselves to the model, so that nobody takes them for the plain attacks. */
export function fittedGate({ checks = [], measurements }: Checks): ResultWarning[] {
  const white = attacksOf(measurements).filter(({ kind }) => kind === "white-box");
  return [...new Set(white.map(({ model }) => model))].flatMap((model) => {
    const own = white.filter((m) => m.model === model);
    const { repeats } = checks.find((each) => each.model === model) ?? {};
    const said = [
      ...(repeats === undefined || repeats.saturated === 0 || !own.some((m) => m.zeroGradient !== undefined)
        ? []
        : [saturation(repeats.saturated, repeats.images)]),
      ...expectation(own),
    ];
    return said.map((each) => warn("fitted", "info", `${model}: ${each}`, own));
  });
}

function saturation(saturated: number, images: number): string {
  return (
    `on ${saturated} of ${images} clean images the model is so confident that float32 rounds the gradient of the cross-entropy to zero. ` +
    "The attacks raise other losses (log-odds of the label, or ratios of logits) that lead the same way and do not saturate."
  );
}

function expectation(own: readonly AttackMeasurement[]): string[] {
  const all = own.flatMap(({ parameters, stages = [] }) => [parameters, ...stages.map((s) => s.parameters)]);
  const draws = Math.max(...all.map(({ draws: each }) => (typeof each === "number" ? each : 1)));
  if (draws <= 1) return [];
  return [
    `it is randomised, so each gradient is the mean of up to ${draws} draws (expectation over transformation), and each ` +
      "output the mean of several. For more draws, use --draws or --attack rand.",
  ];
}

const PURPOSE: Readonly<Record<FurtherAttack["purpose"], string>> = {
  longer: "twice the steps",
  adaptive: "made for attention pairing",
  search: "without gradients",
  decision: "by decisions alone",
  "straight-through": "straight through what rounds or clips",
};

/** What the checks tried without success: one sentence per model. */
export function checkStatements(measured: Checks): string[] {
  return checked(measured).flatMap((each) => {
    const { about } = each;
    const { further = [], signs } = each.checks;
    const vain = further
      .filter(({ broken, images }) => broken === 0 && images > 0)
      .map((each) => `${attackAndSteps(each)} (${PURPOSE[each.purpose]}) broke none of ${each.images}`);
    // Without a gradient, the attack that was watched did nothing that could show a sign.
    const isWatched = signs !== undefined && signs.images > 0 && signs.noGradient === 0;
    const none = isWatched && signsOf(each).length === 0;
    const said = [
      ...vain,
      ...(none ? [`${signs.images} showed no sign of a failing attack (Pintor et al. 2022)`] : []),
    ];
    const fallen = new Set(further.flatMap(({ found }) => found.index)).size;
    return [
      ...(fallen === 0 ? [] : [worstStatement(about, fallen)]),
      ...(said.length === 0
        ? []
        : [
            `${about.model} was checked on samples of the ${about.correct} images that survived ${attackLabel(about)}: ${list(said)}.`,
          ]),
    ];
  });
}

/** What is left of a measurement after its checks broke more. */
function worstStatement(about: AttackMeasurement, fallen: number): string {
  const { model, correct, n } = about;
  return (
    `${model}: the checks broke ${fallen} of the ${correct} images that had survived ${attackLabel(about)}, so ${correct - fallen} of ` +
    `${n} are left (${percent((correct - fallen) / n)}).`
  );
}
