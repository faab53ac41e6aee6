export { archiveNames } from "./archive/gather.js";
export { layoutOf } from "./archive/layout.js";
export { isArchived } from "./archive/open.js";
export { flowers17Pictures } from "./flowers17/flowers17.js";
export { isFolder, namesIn } from "./folder-names.js";
export { openDataset, specParts } from "./open.js";
