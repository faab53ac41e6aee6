export { appendGradients, gradient, type AppendGradientsOptions } from "./gradient.js";
export type { Rule, RuleContext, Rules } from "./rule.js";
export { RULES, ruleOf } from "./rules/index.js";
export { zeroGradientNodes } from "./zero-gradient.js";
