export { readIdx } from "./idx.js";
export { readMat5, readMat5Struct } from "./mat5.js";
export { readTable, type TableLine } from "./table.js";
