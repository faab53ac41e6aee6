/**
 * Counterexamples to properties of VNN-COMP.
 *
 * @module holdfast/falsification
 */
export { falsify, formatCounterexample } from "../falsification/index.js";

export type { Counterexample, Falsification, FalsifyOptions } from "../falsification/index.js";
