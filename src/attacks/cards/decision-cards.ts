import { card } from "./card.js";
import { stopRow } from "./nearest-cards.js";
import { count } from "./option-rows.js";

/** Attacks that need no more than the class that the model names. */
export const DECISION_CARDS = {
  /** The authors' B₀ of 100; their budget is whatever is given, and theirs were up to 25 000. */
  "hop-skip-jump": card({
    name: "hop-skip-jump",
    label: "HopSkipJump",
    help: "walks along the decision's boundary by the class that the model names, without logits or a gradient",
    access: "decision",
    norms: ["linf", "l2"],
    options: {
      queries: count({ default: 5000, help: "answers asked of the model for an image" }),
      probes: count({
        default: 100,
        help: "answers for the first estimate of a direction; later ones take more (B₀)",
      }),
      stop: stopRow,
    },
    cost: ({ queries }) => ({ forward: queries, gradient: 0 }),
  }),
} as const;
