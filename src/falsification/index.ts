export { formatCounterexample } from "./counterexample.js";
export { falsify, type Falsification, type FalsifyOptions } from "./falsify.js";
export type { Counterexample } from "./search.js";
