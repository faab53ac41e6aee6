/**
 * holdfast as one import. Each room is also a subpath: `holdfast/attacks`, `holdfast/models`, …
 */
export * from "./errors/index.js";
export * from "./tensor/index.js";
export * from "./onnx/index.js";
export * from "./graph/index.js";
export * from "./autodiff/index.js";
export * from "./runtime/index.js";
export * from "./models/index.js";
export * from "./losses/index.js";
export * from "./attacks/index.js";
export * from "./data/index.js";
export * from "./defences/index.js";
export * from "./training/index.js";
export * from "./evaluation/index.js";
export * from "./falsification/index.js";
export * from "./inspection/index.js";
export * from "./report/index.js";
export * from "./explain/index.js";
