export { archiveNames } from "./gather.js";
export { layoutOf } from "./layout.js";
export { isArchived, openArchive } from "./open.js";
export { archiveEntries } from "./read.js";
