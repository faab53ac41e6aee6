import { card } from "./card.js";
import { choice, count, positive, type ChoiceRow } from "./option-rows.js";
import { PGD_OPTIONS } from "./pgd-cards.js";

/** What gradient attacks may raise; DLR is the margin where there are too few classes for it. */
export const RAISED_LOSSES = ["cross-entropy", "dlr", "margin", "probability-margin"] as const;
export type RaisedLoss = (typeof RAISED_LOSSES)[number];

const draws = PGD_OPTIONS.draws;
export const raised = (standard: RaisedLoss): ChoiceRow<RaisedLoss> =>
  choice<RaisedLoss>({ default: standard, choices: RAISED_LOSSES, help: "loss that is raised" });
export const APGD_OPTIONS = {
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

export const AUTOATTACK_CARDS = {
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
} as const;
