export { appendGradients, gradient, type AppendGradientsOptions } from "./gradient.js";
export type { Rule, RuleContext, RuleEntry } from "./rule.js";
export { RULES } from "./rules/index.js";
export { zeroGradientNodes } from "./zero-gradient.js";
