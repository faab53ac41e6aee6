export { checkData, type CheckOptions, type DataCheck, type Duplicates } from "./check.js";
