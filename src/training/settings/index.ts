/** The settings of a training, without the code that trains, so that the command line can load them for `--help`. */
export { OPTIMISERS } from "../optimisers/index.js";
export { SCHEDULES } from "../schedule.js";
export { findFault } from "./find-fault.js";
export { settingsJsonSchema } from "./json-schema.js";
export { settingsMarkdown } from "./markdown.js";
export { DEFAULT_TRAINING, keptValue, resolveSettings } from "./resolve.js";
export type { GivenSettings, SettingRow } from "./row.js";
export { describeDefault, SETTING_ROWS, USUAL_RECIPE } from "./rows.js";
export type { TrainingSettings, ValidationSettings } from "./settings.js";
