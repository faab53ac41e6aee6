import { ADAPTIVE_CARDS } from "./adaptive-cards.js";
import { AUTOATTACK_CARDS } from "./autoattack-cards.js";
import { card } from "./card.js";
import { DECISION_CARDS } from "./decision-cards.js";
import { NEAREST_CARDS } from "./nearest-cards.js";
import { PATCH_CARDS } from "./patch-cards.js";
import { PGD_CARDS } from "./pgd-cards.js";

/** Every attack by name. To add one: its card in its family's file, its `run` in its own file, a line in `ATTACKS`. */
export const CARDS = {
  ...PGD_CARDS,
  ...AUTOATTACK_CARDS,
  ...ADAPTIVE_CARDS,
  ...NEAREST_CARDS,
  ...DECISION_CARDS,
  ...PATCH_CARDS,
  "gray-image": card({
    name: "gray-image",
    label: "gray image",
    help: "the same gray in every pixel; inside every ball from L∞ ε = 0.5 up",
    access: "decision",
    norms: ["linf"],
    options: {},
    cost: () => ({ forward: 0, gradient: 0 }),
  }),
} as const;

/** Name of an attack, as `--attack` takes it. */
export type AttackName = keyof typeof CARDS;
