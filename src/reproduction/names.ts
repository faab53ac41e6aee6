/** What the command line offers, without what does it. */
export { REPRODUCTION_PARTS } from "./parts.js";
export { PRESETS } from "./presets.js";
