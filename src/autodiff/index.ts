export { appendGradients, gradient, type AppendGradientsOptions } from "./gradient.js";
export { ruleOf } from "./rules/index.js";
export { stopsGradient, zeroGradientNodes } from "./zero-gradient.js";
export type { Recompute } from "./recompute.js";
