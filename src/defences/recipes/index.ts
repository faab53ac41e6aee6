import type { Recipe } from "../recipe.js";
import { alp } from "./alp.js";
import { atAlp } from "./at-alp.js";
import { at } from "./at.js";
import { awp } from "./awp.js";
import { fast } from "./fast.js";
import { fd } from "./fd.js";
import { free } from "./free.js";
import { igr } from "./igr.js";
import { mart } from "./mart.js";
import { pat } from "./pat.js";
import { randomization } from "./randomization.js";
import { rat } from "./rat.js";
import { trades } from "./trades.js";
import { undefended } from "./undefended.js";

/** The rows of Table 1, in its order. */
export const TABLE_1: readonly Recipe[] = Object.freeze([
  undefended,
  igr,
  pat,
  rat,
  randomization,
  alp,
  fd,
  at,
  atAlp,
]);

/** Every recipe by name: Table 1's rows, then what came after. */
export const RECIPES: Readonly<Record<string, Recipe>> = Object.freeze(
  Object.fromEntries([...TABLE_1, trades, mart, awp, fast, free].map((recipe) => [recipe.name, recipe])),
);
