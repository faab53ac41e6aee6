export { epsilonChart, lossChart, renderChart, stepsChart, type Chart, type Series } from "./charts.js";
export { renderReport } from "./render.js";
