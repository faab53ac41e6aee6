export {
  CARDS,
  PGD_OBJECTIVES,
  RAISED_LOSSES,
  type Access,
  type AttackName,
  type Card,
  type Cost,
  type PgdObjective,
  type RaisedLoss,
} from "./cards.js";
export { SUITES, type Suite, type SuiteName, type SuiteStage } from "./suites.js";
export {
  resolveOptions,
  type OptionRow,
  type OptionRows,
  type OptionsOf,
  type OptionValue,
} from "./option-rows.js";
