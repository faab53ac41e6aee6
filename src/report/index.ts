export { citationsOf, commandOf } from "./again.js";
export { runRows } from "./appendix.js";
export { type Chart, type Series } from "./charts.js";
export { renderReport } from "./render.js";
export { chartFigure } from "./figures.js";
export { className, percent, interval, epsilon as formatEpsilon, threat as formatThreat } from "./format.js";
export { embeddedJson, html, raw, type Html } from "./html.js";
export { heat, heatmapOf, pictureOf } from "./pictures.js";
export { pageOf } from "./page.js";
export { sentencesOf } from "./sentences.js";
export { table, warningsSection } from "./tables.js";
export {
  kindOf,
  LIVE_POLICY,
  renderLive,
  renderTraining,
  trainingPage,
  viewOf,
  type Now,
  type TrainingView,
} from "./training/index.js";
