export { renderChart, type Chart, type Series } from "./charts.js";
export { renderReport } from "./render.js";
export { className, percent, interval, epsilon as formatEpsilon } from "./format.js";
export { embeddedJson, escapeHtml, html, raw, type Html } from "./html.js";
export { heat, heatmapOf, pictureOf } from "./pictures.js";
export { pageOf } from "./page.js";
export { chartTable, table, warningsSection } from "./tables.js";
