import { card } from "./card.js";
import { choice, count, fixed, flag, positive } from "./option-rows.js";

/** Losses that gradient attacks may raise. With too few classes for DLR, the margin replaces it. */
export const RAISED_LOSSES = ["cross-entropy", "dlr", "margin", "probability-margin"] as const;
export type RaisedLoss = (typeof RAISED_LOSSES)[number];

export const PGD_OBJECTIVES = ["scaled-cross-entropy", ...RAISED_LOSSES] as const;
export type PgdObjective = (typeof PGD_OBJECTIVES)[number];

/** Classes that a loss needs. A model with fewer is attacked by the margin, which has the same sign. */
const LEAST_CLASSES = { targeted: { dlr: 4 }, untargeted: { dlr: 3 } } as const;

/**
 * The loss, or the margin if there are too few classes for it: DLR divides by a difference with the third largest logit (when
 * targeted, the fourth), which a model with fewer classes does not have.
 */
export function lossFor<L extends PgdObjective>(loss: L, classes: number, isTargeted: boolean): L | "margin" {
  const least: Partial<Record<PgdObjective, number>> = LEAST_CLASSES[isTargeted ? "targeted" : "untargeted"];
  return classes < (least[loss] ?? 0) ? "margin" : loss;
}

/** The step size for ε = 0, which moves nothing. */
const ONE_LEVEL = 1 / 255;

export const PGD_OPTIONS = {
  steps: count({ default: 40, help: "steps of each run" }),
  stepSize: positive({
    default: ({ epsilon }, { steps }) => (epsilon === 0 ? ONE_LEVEL : (2.5 * epsilon) / (steps as number)),
    defaultText: "2.5 ε / steps",
    help: "length of a step, for pixels in [0, 1]",
  }),
  randomStart: flag({
    default: true,
    help: "start at a random point in the ball",
    off: "start at the image itself, not at a random point in the ball",
  }),
  restarts: count({ default: 1, help: "independent starts; the best counts" }),
  /**
   * `best`: the best iterate seen (first by success, then by loss); `last`: the last; `success`: as `best`, but
   * the run stops at the first success: the same images succeed, for fewer queries. On a randomised classifier the attack
   * always takes all its steps.
   */
  keep: choice({
    default: "best",
    choices: ["best", "last", "success"],
    help: "which iterate to return: the best, the last, or the first that succeeds",
  }),
  /**
   * Draws of a randomised classifier to average the gradient of each step over (expectation over transformation,
   * Athalye et al. 2018, arXiv:1707.07397); no effect on other classifiers.
   */
  draws: count({ default: 1, help: "gradients to average per step, if the model is randomised (EOT)" }),
  /**
   * The loss to raise (to lower towards a target). `cross-entropy`: along its exact gradient, also where float32 would round
   * that to 0. `scaled-cross-entropy`: of the logits divided by a temperature that falls from their own spread
   * (`spreadOf`) to a hundredth of it, from all rivals to the nearest one. The result does not depend on the
   * scale of the logits. The others are those of APGD.
   */
  objective: choice<PgdObjective>({
    default: PGD_OBJECTIVES[0],
    choices: PGD_OBJECTIVES,
    help: "loss to raise; the scaled one does not depend on the scale of the logits",
  }),
  /** μ of m ← μ m + ∇L / ‖∇L‖₁, the direction of a step (MI-FGSM, Dong et al. 2018, arXiv:1710.06081, Algorithm 1). */
  momentum: positive({
    default: 0,
    orNone: true,
    help: "decay of the gradients of earlier steps (MI-FGSM: 1); 0 for none",
  }),
} as const;

export const PGD_CARDS = {
  pgd: card({
    name: "pgd",
    label: "PGD",
    help: "projected gradient descent: steps of fixed length, projected into the ball",
    access: "gradient",
    norms: ["linf", "l2", "l1"],
    options: PGD_OPTIONS,
    cost: ({ steps, restarts, draws }) => ({ forward: restarts, gradient: steps * restarts * draws }),
  }),
  fgsm: card({
    name: "fgsm",
    label: "FGSM",
    help: "one step of length ε from the image",
    access: "gradient",
    norms: ["linf", "l2"],
    options: {
      ...PGD_OPTIONS,
      steps: fixed(PGD_OPTIONS.steps, 1),
      stepSize: fixed(PGD_OPTIONS.stepSize, ({ epsilon }) => (epsilon === 0 ? ONE_LEVEL : epsilon), "ε"),
      randomStart: fixed(PGD_OPTIONS.randomStart, false),
      restarts: fixed(PGD_OPTIONS.restarts, 1),
      keep: fixed(PGD_OPTIONS.keep, "last"),
      draws: fixed(PGD_OPTIONS.draws, 1),
      momentum: fixed(PGD_OPTIONS.momentum, 0),
    },
    cost: () => ({ forward: 1, gradient: 1 }),
  }),
} as const;
