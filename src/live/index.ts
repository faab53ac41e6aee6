export { openBrowser } from "./browser.js";
export type { Ending } from "./messages.js";
export { serveTraining, type LiveTraining } from "./training.js";
