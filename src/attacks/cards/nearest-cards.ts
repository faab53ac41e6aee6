import { card } from "./card.js";
import { choice, count, positive, type ChoiceRow } from "./option-rows.js";
import { PGD_OPTIONS } from "./pgd-cards.js";

/**
 * When a search for the nearest adversarial image ends. `inside`: at the first one that lies in the ball, since no other
 * changes whether the image stands at ε. `end`: at the search's own end, with the nearest one that it met; distances and
 * the curve over ε need that.
 */
export type Stop = "inside" | "end";
export const stopRow: ChoiceRow<Stop> = choice<Stop>({
  default: "inside",
  choices: ["inside", "end"],
  help: "where the search ends: at the first adversarial image inside the ball, or at its own end with the nearest",
});
const draws = PGD_OPTIONS.draws;

/** What FMN asks at most, at its end, on the way from the image to one gray. */
export const GRAY_QUERIES = 11;

/** Attacks that look for the nearest adversarial image, whatever ε is. */
export const NEAREST_CARDS = {
  /**
   * The paper's 1000 steps; γ from .05 to .001, and a step from α to α / 100, as adversarial-library and Foolbox have them.
   * In L∞ α is 10, not their 1: as near on an undefended model, and nearer where the gradient is masked.
   */
  fmn: card({
    name: "fmn",
    label: "FMN",
    help: "Fast Minimum-Norm: looks for the nearest adversarial image in a ball that shrinks and grows",
    access: "gradient",
    norms: ["linf", "l2"],
    options: {
      steps: count({ default: 1000, help: "steps of each run" }),
      firstStep: positive({
        default: ({ norm }) => (norm === "linf" ? 10 : 1),
        defaultText: "10 in L∞, 1 in L2",
        help: "length of the first step, in L2 whatever the norm (α); it falls to a hundredth of this",
      }),
      radiusChange: positive({
        default: 0.05,
        help: "share by which the radius shrinks or grows at first (γ); it falls to .001",
      }),
      draws,
      stop: stopRow,
    },
    cost: ({ steps, draws: each }) => ({ forward: 0, gradient: (steps + GRAY_QUERIES) * each }),
  }),
  /** As the authors' code, adversarial-library and Foolbox have it, with a confidence κ of 0. */
  cw: card({
    name: "cw",
    label: "C&W",
    help: "Carlini & Wagner: weighs distance against the margin, and searches for the weight",
    access: "gradient",
    norms: ["l2"],
    options: {
      steps: count({ default: 10_000, help: "steps of each run" }),
      searches: count({ default: 9, help: "weights of the margin that are tried (binary search over c)" }),
      firstWeight: positive({ default: 0.001, help: "weight of the margin that is tried first (c)" }),
      learningRate: positive({ default: 0.01, help: "Adam's" }),
      draws,
      stop: stopRow,
    },
    cost: ({ steps, searches, draws: each }) => ({ forward: 0, gradient: steps * searches * each }),
  }),
  /** The paper's overshoot of .02, Foolbox's 50 steps, and ten candidates: the label and nine others. */
  deepfool: card({
    name: "deepfool",
    label: "DeepFool",
    help: "steps past the nearest boundary of the model's linear picture; cheap, and rarely the nearest image",
    access: "gradient",
    norms: ["linf", "l2"],
    options: {
      steps: count({ default: 50, help: "steps of each run" }),
      targets: count({ default: 9, help: "classes that are aimed at, the likeliest first" }),
      overshoot: positive({
        default: 1.02,
        help: "how far past the decision's linear picture it steps (η)",
      }),
      draws,
    },
    cost: ({ steps, targets, draws: each }) => ({ forward: 0, gradient: steps * targets * each }),
  }),
} as const;
