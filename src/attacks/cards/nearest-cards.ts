import { card } from "./card.js";
import { choice, count, positive, type ChoiceRow } from "./option-rows.js";
import { PGD_OPTIONS } from "./pgd-cards.js";

/**
 * When a search for the nearest adversarial image stops. `inside`: at the first one in the ball, because a nearer one does
 * not change the outcome at ε. `end`: after all its steps, with the nearest one it found; distances and
 * the curve over ε need that.
 */
export type Stop = "inside" | "end";
export const stopRow: ChoiceRow<Stop> = choice<Stop>({
  default: "inside",
  choices: ["inside", "end"],
  help: "when to stop: at the first adversarial image inside the ball, or after all steps with the nearest one",
});
const draws = PGD_OPTIONS.draws;

/** Most gradients that FMN spends at its end, on the way from the image to gray. */
export const GRAY_QUERIES = 11;

/** Attacks that search for the nearest adversarial image, whatever ε is. */
export const NEAREST_CARDS = {
  /**
   * The paper's 1000 steps; γ from .05 to .001, and a step from α to α / 100, as in adversarial-library and Foolbox.
   * In L∞ α is 10, not their 1: equally near on an undefended model, and nearer if the gradient is masked.
   */
  fmn: card({
    name: "fmn",
    label: "FMN",
    help: "Fast Minimum-Norm: searches for the nearest adversarial image in a ball that shrinks and grows",
    access: "gradient",
    norms: ["linf", "l2"],
    options: {
      steps: count({ default: 1000, help: "steps of each run" }),
      firstStep: positive({
        default: ({ norm }) => (norm === "linf" ? 10 : 1),
        defaultText: "10 in L∞, 1 in L2",
        help: "length of the first step, in L2 for every norm (α); falls to a hundredth of this",
      }),
      radiusChange: positive({
        default: 0.05,
        help: "share by which the radius first shrinks or grows (γ); falls to .001",
      }),
      draws,
      stop: stopRow,
    },
    cost: ({ steps, draws: each }) => ({ forward: 0, gradient: (steps + GRAY_QUERIES) * each }),
  }),
  /** As in the authors' code, adversarial-library and Foolbox, with a confidence κ of 0; they do not lower the rate. */
  cw: card({
    name: "cw",
    label: "C&W",
    help: "Carlini & Wagner: weighs distance against margin, and searches for the best weight",
    access: "gradient",
    norms: ["l2"],
    options: {
      steps: count({ default: 10_000, help: "steps of each run" }),
      searches: count({ default: 9, help: "number of weights of the margin to try (binary search over c)" }),
      firstWeight: positive({ default: 0.001, help: "first weight of the margin to try (c)" }),
      learningRate: positive({
        default: 0.01,
        help: "Adam's; lowered by up to ten times where its first step would be too long",
      }),
      draws,
      stop: stopRow,
    },
    cost: ({ steps, searches, draws: each }) => ({ forward: 0, gradient: steps * searches * each }),
  }),
  /** The paper's overshoot of .02, Foolbox's 50 steps, and ten candidates: the label and nine others. */
  deepfool: card({
    name: "deepfool",
    label: "DeepFool",
    help: "steps past the nearest boundary of the linearised model; cheap, but rarely finds the nearest image",
    access: "gradient",
    norms: ["linf", "l2"],
    options: {
      steps: count({ default: 50, help: "steps of each run" }),
      targets: count({ default: 9, help: "number of classes to aim at, most likely first" }),
      overshoot: positive({
        default: 1.02,
        help: "overshoot past the linearised decision boundary (η)",
      }),
      draws,
    },
    cost: ({ steps, targets, draws: each }) => ({ forward: 0, gradient: steps * targets * each }),
  }),
} as const;
