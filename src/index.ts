/**
 * What a program needs to load, attack, measure, harden and explain an image classifier, by subject. Graphs and their
 * gradients are in `holdfast/graph`, properties of VNN-COMP in `holdfast/falsification`, the paper's experiments in
 * `holdfast/reproduction`.
 */
export * from "./api/models.js";
export * from "./api/data.js";
export * from "./api/attacks.js";
export * from "./api/evaluation.js";
export * from "./api/gate.js";
export * from "./api/sharing.js";
export * from "./api/training.js";
export * from "./api/explain.js";
export * from "./api/runtime.js";
