/**
 * What can be known of an attack without running it: what it is called, what it needs, what it may be told and what it costs.
 * The command line, plans, results and the documentation read it here; it imports nothing heavy.
 */
import {
  choice,
  count,
  fixed,
  flag,
  positive,
  type ChoiceRow,
  type OptionRows,
  type OptionsOf,
} from "./option-rows.js";
import type { Norm } from "../threat.js";

/** What an attack needs of a model: its gradient, its logits, or no more than its answer. */
export type Access = "gradient" | "logits" | "decision";

/** Evaluations of a model, in images. */
export interface Cost {
  readonly forward: number;
  readonly gradient: number;
}

export interface Card<Rows extends OptionRows = OptionRows> {
  /** As the command line and results call it. */
  readonly name: string;
  /** As people call it. */
  readonly label: string;
  /** One line for `--help`. */
  readonly help: string;
  readonly access: Access;
  readonly norms: readonly Norm[];
  readonly options: Rows;
  /** What it spends on one image, at most. */
  readonly cost: (options: OptionsOf<Rows>) => Cost;
}

const card = <Rows extends OptionRows>(of: Card<Rows>): Card<Rows> => Object.freeze(of);

export const PGD_OBJECTIVES = ["scaled-cross-entropy", "cross-entropy"] as const;
export type PgdObjective = (typeof PGD_OBJECTIVES)[number];

/** A step for ε = 0, which leads nowhere. */
const ONE_LEVEL = 1 / 255;

const PGD_OPTIONS = {
  steps: count({ default: 40, help: "steps of each run" }),
  stepSize: positive({
    default: ({ epsilon }, { steps }) => (epsilon === 0 ? ONE_LEVEL : (2.5 * epsilon) / (steps as number)),
    defaultText: "2.5 ε / steps",
    help: "length of a step, in pixels of [0, 1]",
  }),
  randomStart: flag({
    default: true,
    help: "start at a random point of the ball",
    off: "start at the image itself, not at a random point of the ball",
  }),
  restarts: count({ default: 1, help: "independent starts, of which the best counts" }),
  /**
   * `best`: the best iterate seen (success first, then the greatest loss); `last`: the last; `success`: as `best`, but
   * the run ends at the first success: the same images succeed, for fewer queries. A randomised classifier is attacked
   * to the last step whatever is kept.
   */
  keep: choice({
    default: "best",
    choices: ["best", "last", "success"],
    help: "which iterate is the answer: the best, the last, or the first that succeeds",
  }),
  /**
   * Draws of a randomised classifier that the gradient of each step is averaged over (expectation over transformation,
   * Athalye et al. 2018, arXiv:1707.07397); of no effect on others.
   */
  draws: count({ default: 1, help: "gradients averaged a step where the model draws at random (EOT)" }),
  /**
   * What is raised (lowered towards a target). `cross-entropy`: along its exact gradient, also where float32 would round
   * that to 0. `scaled-cross-entropy`: that of the logits over a temperature that falls from their own spread
   * (`spreadOf`) to a hundredth of it, from all rivals to the nearest one. The answer is the same whatever the
   * scale of the logits.
   */
  objective: choice<PgdObjective>({
    default: PGD_OBJECTIVES[0],
    choices: PGD_OBJECTIVES,
    help: "loss that is raised; the scaled one is the same at any scale of the logits",
  }),
} as const;

/** What gradient attacks may raise; DLR is the margin where there are too few classes for it. */
export const RAISED_LOSSES = ["cross-entropy", "dlr", "margin", "probability-margin"] as const;
export type RaisedLoss = (typeof RAISED_LOSSES)[number];

const draws = PGD_OPTIONS.draws;
const raised = (standard: RaisedLoss): ChoiceRow<RaisedLoss> =>
  choice<RaisedLoss>({ default: standard, choices: RAISED_LOSSES, help: "loss that is raised" });
const APGD_OPTIONS = {
  steps: count({ default: 100, help: "steps of each run" }),
  restarts: count({ default: 1, help: "independent starts, of which the best counts" }),
  rho: positive({ default: 0.75, help: "share of rising steps below which the step is halved" }),
  draws,
} as const;
const SQUARE_OPTIONS = {
  queries: count({ default: 5000, help: "answers asked of the model for an image" }),
  patch: positive({ default: 0.8, help: "share of the image that the first patch covers" }),
} as const;
const targets = count({ default: 9, help: "classes that are aimed at, the likeliest first" });

/** Every attack by name. To add one: its card here, its `run` in a file of its own, and a line in `ATTACKS`. */
export const CARDS = {
  pgd: card({
    name: "pgd",
    label: "PGD",
    help: "projected gradient descent: steps of one length, kept in the ball",
    access: "gradient",
    norms: ["linf", "l2"],
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
    },
    cost: () => ({ forward: 1, gradient: 1 }),
  }),
  apgd: card({
    name: "apgd",
    label: "APGD",
    help: "Auto-PGD: PGD with momentum that halves its steps where the loss stops rising",
    access: "gradient",
    norms: ["linf", "l2"],
    options: {
      ...APGD_OPTIONS,
      loss: raised("cross-entropy"),
      start: choice({
        default: "edge",
        choices: ["edge", "pattern"],
        help: "where a run begins: at a random point of the ball's edge, or at the pattern that Square begins with",
      }),
    },
    cost: ({ steps, restarts, draws: each }) => ({ forward: 0, gradient: (steps + 1) * restarts * each }),
  }),
  "apgd-t": card({
    name: "apgd-t",
    label: "APGD-T",
    help: "APGD towards each of the likeliest classes",
    access: "gradient",
    norms: ["linf", "l2"],
    options: { ...APGD_OPTIONS, targets, loss: raised("dlr") },
    cost: ({ steps, restarts, draws: each, targets: aims }) => ({
      forward: 0,
      gradient: (steps + 1) * restarts * each * aims,
    }),
  }),
  "fab-t": card({
    name: "fab-t",
    label: "FAB-T",
    help: "looks for the nearest adversarial image, towards each of the likeliest classes",
    access: "gradient",
    norms: ["linf", "l2"],
    options: {
      steps: APGD_OPTIONS.steps,
      targets,
      restarts: APGD_OPTIONS.restarts,
      overshoot: positive({ default: 1.05, help: "how far past the decision's linear picture it steps (η)" }),
      bias: positive({ default: 0.1, help: "greatest pull back towards the image (α)" }),
      backward: positive({ default: 0.9, help: "what is left of the way after a success (β)" }),
    },
    // After a success it asks again, nearer to the image.
    cost: ({ steps, targets: aims, restarts }) => ({ forward: 0, gradient: 2 * steps * aims * restarts }),
  }),
  square: card({
    name: "square",
    label: "Square",
    help: "random search by the model's answers alone, without a gradient",
    access: "logits",
    norms: ["linf", "l2"],
    options: SQUARE_OPTIONS,
    cost: ({ queries }) => ({ forward: queries, gradient: 0 }),
  }),
  "square-apgd": card({
    name: "square-apgd",
    label: "Square + APGD",
    help: "Square for a few queries, then APGD from the best image that it found",
    access: "gradient",
    norms: ["linf", "l2"],
    options: {
      queries: count({ ...SQUARE_OPTIONS.queries, default: 1000 }),
      patch: SQUARE_OPTIONS.patch,
      steps: count({ ...APGD_OPTIONS.steps, default: 30 }),
      rho: APGD_OPTIONS.rho,
      draws,
      loss: raised("dlr"),
    },
    cost: ({ queries, steps, draws: each }) => ({ forward: queries, gradient: (steps + 1) * each }),
  }),
  "gray-image": card({
    name: "gray-image",
    label: "gray image",
    help: "the same gray in every pixel; allowed from L∞ ε = 0.5 on",
    access: "decision",
    norms: ["linf"],
    options: {},
    cost: () => ({ forward: 0, gradient: 0 }),
  }),
} as const;

export type AttackName = keyof typeof CARDS;
