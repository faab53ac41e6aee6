export { isArchived, openArchive } from "./open.js";
export { archiveEntries } from "./read.js";
