/**
 * Find counterexamples to VNN-COMP properties.
 *
 * @module holdfast/falsification
 */
export { falsify, formatCounterexample } from "../falsification/index.js";

export type { Counterexample, Falsification, FalsifyOptions } from "../falsification/index.js";
