export { type Access, type Card, type Cost } from "./card.js";
export { CARDS, type AttackName } from "./cards.js";
export { RAISED_LOSSES, type RaisedLoss } from "./autoattack-cards.js";
export { GRAY_QUERIES, type Stop } from "./nearest-cards.js";
export { PGD_OBJECTIVES, type PgdObjective } from "./pgd-cards.js";
export { SUITES, type Suite, type SuiteName, type SuiteStage } from "./suites.js";
export {
  resolveOptions,
  type OptionRow,
  type OptionRows,
  type OptionsOf,
  type OptionValue,
} from "./option-rows.js";
