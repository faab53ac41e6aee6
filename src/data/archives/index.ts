export { isArchived, openArchive } from "./open.js";
