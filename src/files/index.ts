export { coreCount } from "./cores.js";
export {
  checkPlainFile,
  ensureFolder,
  fileError,
  readFileChecked,
  readFileCheckedSync,
  sha256Of,
} from "./files.js";
export { openJournal, type Journal } from "./journal.js";
export { checkShape, MOST_JSON_BYTES, parseJson, readJson, type Refusal } from "./json.js";
export { isLocked, lockFolder, tryLock, type Unlock } from "./lock.js";
export { availableMemory, formatBytes, parseBytes } from "./memory.js";
export { refuseLinks, removeOwn } from "./own.js";
export { toolInfo } from "./tool.js";
export { checkWritable, finalName, outputPath, replaceFile, writeFileAtomic } from "./write.js";
