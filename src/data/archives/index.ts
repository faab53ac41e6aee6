export { isArchive, LARGEST_ARCHIVE, type ArchiveEntry, type Unpacked } from "./entry.js";
export { archiveEntries } from "./read.js";
