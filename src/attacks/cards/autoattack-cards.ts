import { card } from "./card.js";
import { choice, count, positive, type ChoiceRow } from "./option-rows.js";
import { BALL_NORMS } from "../threat.js";
import { PGD_OPTIONS, RAISED_LOSSES, type RaisedLoss } from "./pgd-cards.js";

const draws = PGD_OPTIONS.draws;
export const raised = (standard: RaisedLoss): ChoiceRow<RaisedLoss> =>
  choice<RaisedLoss>({ default: standard, choices: RAISED_LOSSES, help: "loss to raise" });
export const APGD_OPTIONS = {
  steps: count({ default: 100, help: "steps of each run" }),
  restarts: count({ default: 1, help: "independent starts; the best counts" }),
  rho: positive({ default: 0.75, help: "the step is halved if a smaller share of steps raised the loss" }),
  draws,
  /**
   * `shrinking`: first in a ball of 3 ε, then of 2 ε, for .3 of the steps each, then from the best point there in the ball of ε.
   */
  radii: choice({
    default: ({ norm }) => (norm === "l1" ? "shrinking" : "constant"),
    defaultText: "shrinking in L1, constant elsewhere",
    choices: ["constant", "shrinking"],
    help: "whether to begin in wider balls, of 3 ε and 2 ε",
  }),
} as const;
/** Gradients of a run: one at each start and one per step. */
const gradientsOf = ({ steps, radii }: { readonly steps: number; readonly radii: string }): number =>
  steps + (radii === "shrinking" ? 3 : 1);
const SQUARE_OPTIONS = {
  queries: count({ default: 5000, help: "forward passes per image" }),
  patch: positive({ default: 0.8, help: "share of the image covered by the first patch" }),
} as const;
const targets = count({ default: 9, help: "number of classes to aim at, most likely first" });
const FAB_OPTIONS = {
  steps: APGD_OPTIONS.steps,
  targets,
  restarts: APGD_OPTIONS.restarts,
  overshoot: positive({ default: 1.05, help: "overshoot past the linearised decision boundary (η)" }),
  bias: positive({ default: 0.1, help: "largest pull back towards the image (α)" }),
  backward: positive({ default: 0.9, help: "share of the distance kept after a success (β)" }),
} as const;

export const AUTOATTACK_CARDS = {
  apgd: card({
    name: "apgd",
    label: "APGD",
    help: "Auto-PGD: PGD with momentum; halves its step when the loss stops rising",
    access: "gradient",
    norms: BALL_NORMS,
    options: {
      ...APGD_OPTIONS,
      loss: raised("cross-entropy"),
      start: choice({
        default: "edge",
        choices: ["edge", "pattern"],
        help: "where a run starts: at a random point on the edge of the ball, or at Square's first pattern",
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
    help: "APGD towards each of the most likely classes",
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
    help: "searches for the nearest adversarial image, towards each of the most likely classes",
    access: "gradient",
    norms: BALL_NORMS,
    options: FAB_OPTIONS,
    // After a success it evaluates again, nearer to the image.
    cost: ({ steps, targets: aims, restarts }) => ({ forward: 0, gradient: 2 * steps * aims * restarts }),
  }),
  fab: card({
    name: "fab",
    label: "FAB",
    help: "searches for the nearest adversarial image, each step towards the class with the nearest decision boundary",
    access: "gradient",
    norms: BALL_NORMS,
    options: FAB_OPTIONS,
    // After a success it evaluates once more, nearer to the image.
    cost: ({ steps, targets: aims, restarts }) => ({ forward: 0, gradient: steps * (aims + 1) * restarts }),
  }),
  square: card({
    name: "square",
    label: "Square",
    help: "random search by the model's logits, without a gradient",
    access: "logits",
    norms: BALL_NORMS,
    options: SQUARE_OPTIONS,
    cost: ({ queries }) => ({ forward: queries, gradient: 0 }),
  }),
  "square-apgd": card({
    name: "square-apgd",
    label: "Square + APGD",
    help: "Square for a few queries, then APGD from the best image it found",
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
