export { codeOfDType, dtypeOfCode } from "./element-types.js";
export type { Attribute, Model, ModelFunction, ModelGraph, ModelNode, ValueInfo } from "./model.js";
export { writeModel, type ExternalLocation, type WriteOptions } from "./write.js";
export { fileBytes } from "./four-bits.js";
export { readModelFile, writeModelFile } from "./file.js";
export type { ExternalReference, ReadExternal } from "./read-tensor.js";
export { readModel, type ReadOptions } from "./read.js";
