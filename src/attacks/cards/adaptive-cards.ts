import { APGD_OPTIONS, raised } from "./autoattack-cards.js";
import { card } from "./card.js";
import { count, positive } from "./option-rows.js";

/** Share of the steps that continue from the best image on the loss alone. */
export const alone = (steps: number): number => Math.ceil(steps / 2);

export const ADAPTIVE_CARDS = {
  "attention-apgd": card({
    name: "attention-apgd",
    label: "APGD + attention",
    help: "APGD on the loss, the attention maps and the logits at once: for models trained to keep these",
    access: "gradient",
    norms: ["linf", "l2"],
    options: {
      steps: count({ ...APGD_OPTIONS.steps, default: 60 }),
      restarts: APGD_OPTIONS.restarts,
      rho: APGD_OPTIONS.rho,
      draws: APGD_OPTIONS.draws,
      loss: raised("dlr"),
      attentionWeight: positive({ default: 0.1, help: "weight of the attention maps' distance (β)" }),
      pairingWeight: positive({ default: 0.01, help: "weight of the logits' distance (α)" }),
    },
    cost: ({ steps, restarts, draws }) => ({
      forward: 1,
      gradient: (steps + alone(steps) + 2) * restarts * draws,
    }),
  }),
} as const;
