export { imageNetClasses } from "./classes.js";
export { openGroundTruth, truthFolders, validationNumber, type GroundTruth } from "./ground-truth.js";
export { readSolution, SOLUTION } from "./solution.js";
