import { card } from "./card.js";
import { stopRow } from "./nearest-cards.js";
import { count } from "./option-rows.js";

/** Attacks that need only the predicted class. */
export const DECISION_CARDS = {
  /** The authors' B₀ of 100. The budget is free; the authors used up to 25 000. */
  "hop-skip-jump": card({
    name: "hop-skip-jump",
    label: "HopSkipJump",
    help: "walks along the decision boundary using only the predicted class, without logits or a gradient",
    access: "decision",
    norms: ["linf", "l2"],
    options: {
      queries: count({ default: 5000, help: "forward passes per image" }),
      probes: count({
        default: 100,
        help: "forward passes for the first estimate of a direction; later ones take more (B₀)",
      }),
      stop: stopRow,
    },
    cost: ({ queries }) => ({ forward: queries, gradient: 0 }),
  }),
} as const;
