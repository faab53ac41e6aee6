export { chooseClasses, onlyClasses } from "./choose.js";
export { lookUpClasses, type ModelClasses } from "./lookup.js";
export {
  mapOntoModel,
  outputsByName,
  readClassMap,
  type ClassMap,
  type ClassPair,
  type MappedData,
} from "./map.js";
export { findClassFault, normalName, sortedClasses } from "./names.js";
