export { type Access, type Card, type Cost } from "./card.js";
export { CARDS, type AttackName } from "./cards.js";
export { lossFor, PGD_OBJECTIVES, type PgdObjective, type RaisedLoss } from "./pgd-cards.js";
export { NO_CLASS } from "../scoring.js";
export {
  BALL_NORMS,
  checkLength,
  holdsGrayImage,
  NORMS,
  normLabel,
  type BallNorm,
  type Norm,
} from "../threat.js";
export { stagesOf, SUITES, type Suite, type SuiteName, type SuiteStage } from "./suites.js";
export { GRAY_QUERIES, type Stop } from "./nearest-cards.js";
export {
  resolveOptions,
  type OptionRow,
  type OptionRows,
  type OptionsOf,
  type OptionValue,
} from "./option-rows.js";
