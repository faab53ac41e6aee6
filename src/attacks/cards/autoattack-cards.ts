import { card } from "./card.js";
import { choice, count, positive, type ChoiceRow } from "./option-rows.js";
import { BALL_NORMS } from "../threat.js";
import { PGD_OPTIONS, RAISED_LOSSES, type RaisedLoss } from "./pgd-cards.js";

const draws = PGD_OPTIONS.draws;
export const raised = (standard: RaisedLoss): ChoiceRow<RaisedLoss> =>
  choice<RaisedLoss>({ default: standard, choices: RAISED_LOSSES, help: "loss that is raised" });
export const APGD_OPTIONS = {
  steps: count({ default: 100, help: "steps of each run" }),
  restarts: count({ default: 1, help: "independent starts, of which the best counts" }),
  rho: positive({ default: 0.75, help: "share of rising steps below which the step is halved" }),
  draws,
  /**
   * `shrinking`: first in a ball of 3 ε, then of 2 ε, for .3 of the steps each, and from the best point there in that of ε.
   */
  radii: choice({
    default: ({ norm }) => (norm === "l1" ? "shrinking" : "constant"),
    defaultText: "shrinking in L1, constant elsewhere",
    choices: ["constant", "shrinking"],
    help: "whether a run begins in wider balls, of 3 ε and 2 ε",
  }),
} as const;
/** Gradients of a run: one at each start, and one a step. */
const gradientsOf = ({ steps, radii }: { readonly steps: number; readonly radii: string }): number =>
  steps + (radii === "shrinking" ? 3 : 1);
const SQUARE_OPTIONS = {
  queries: count({ default: 5000, help: "answers asked of the model for an image" }),
  patch: positive({ default: 0.8, help: "share of the image that the first patch covers" }),
} as const;
const targets = count({ default: 9, help: "classes that are aimed at, the likeliest first" });
const FAB_OPTIONS = {
  steps: APGD_OPTIONS.steps,
  targets,
  restarts: APGD_OPTIONS.restarts,
  overshoot: positive({ default: 1.05, help: "how far past the decision's linear picture it steps (η)" }),
  bias: positive({ default: 0.1, help: "greatest pull back towards the image (α)" }),
  backward: positive({ default: 0.9, help: "what is left of the way after a success (β)" }),
} as const;

export const AUTOATTACK_CARDS = {
  apgd: card({
    name: "apgd",
    label: "APGD",
    help: "Auto-PGD: PGD with momentum that halves its steps where the loss stops rising",
    access: "gradient",
    norms: BALL_NORMS,
    options: {
      ...APGD_OPTIONS,
      loss: raised("cross-entropy"),
      start: choice({
        default: "edge",
        choices: ["edge", "pattern"],
        help: "where a run begins: at a random point of the ball's edge, or at the pattern that Square begins with",
      }),
    },
    cost: ({ restarts, draws: each, ...run }) => ({
      forward: 0,
      gradient: gradientsOf(run) * restarts * each,
    }),
  }),
  "apgd-t": card({
    name: "apgd-t",
    label: "APGD-T",
    help: "APGD towards each of the likeliest classes",
    access: "gradient",
    norms: BALL_NORMS,
    options: { ...APGD_OPTIONS, targets, loss: raised("dlr") },
    cost: ({ restarts, draws: each, targets: aims, ...run }) => ({
      forward: 0,
      gradient: gradientsOf(run) * restarts * each * aims,
    }),
  }),
  "fab-t": card({
    name: "fab-t",
    label: "FAB-T",
    help: "looks for the nearest adversarial image, towards each of the likeliest classes",
    access: "gradient",
    norms: BALL_NORMS,
    options: FAB_OPTIONS,
    // After a success it asks again, nearer to the image.
    cost: ({ steps, targets: aims, restarts }) => ({ forward: 0, gradient: 2 * steps * aims * restarts }),
  }),
  fab: card({
    name: "fab",
    label: "FAB",
    help: "looks for the nearest adversarial image, each step towards the class whose decision is nearest",
    access: "gradient",
    norms: BALL_NORMS,
    options: FAB_OPTIONS,
    // After a success it asks once more, nearer to the image.
    cost: ({ steps, targets: aims, restarts }) => ({ forward: 0, gradient: steps * (aims + 1) * restarts }),
  }),
  square: card({
    name: "square",
    label: "Square",
    help: "random search by the model's answers alone, without a gradient",
    access: "logits",
    norms: BALL_NORMS,
    options: SQUARE_OPTIONS,
    cost: ({ queries }) => ({ forward: queries, gradient: 0 }),
  }),
  "square-apgd": card({
    name: "square-apgd",
    label: "Square + APGD",
    help: "Square for a few queries, then APGD from the best image that it found",
    access: "gradient",
    norms: BALL_NORMS,
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
