export {
  CARDS,
  PGD_OBJECTIVES,
  type Access,
  type AttackName,
  type Card,
  type Cost,
  type PgdObjective,
} from "./cards.js";
export {
  resolveOptions,
  type OptionRow,
  type OptionRows,
  type OptionsOf,
  type OptionValue,
} from "./option-rows.js";
