/** Names that the command line offers, without loading the code behind them. */
export { REPRODUCTION_PARTS } from "./parts.js";
export { PRESETS } from "./presets.js";
