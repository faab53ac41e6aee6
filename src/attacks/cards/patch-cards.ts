import { card } from "./card.js";
import { choice, count } from "./option-rows.js";
import { APGD_OPTIONS, raised } from "./autoattack-cards.js";

/** Attacks that may change a small square of an image without limit. */
export const PATCH_CARDS = {
  patch: card({
    name: "patch",
    label: "patch",
    help: "changes a square of the image without limit: for --norm patch, where ε is the square's share of the image",
    access: "gradient",
    norms: ["patch"],
    options: {
      steps: APGD_OPTIONS.steps,
      restarts: count({ default: 5, help: "independent starts; the best counts" }),
      location: choice({
        default: "random",
        choices: ["random", "centre", "corner"],
        help: "where the patch goes: at random (a new place for each start), in the centre or in the upper left corner",
      }),
      rho: APGD_OPTIONS.rho,
      draws: APGD_OPTIONS.draws,
      loss: raised("dlr"),
    },
    cost: ({ steps, restarts, draws }) => ({ forward: 0, gradient: (steps + 1) * restarts * draws }),
  }),
} as const;
