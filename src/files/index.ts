export {
  ensureFolder,
  fileError,
  readFileChecked,
  removeQuietly,
  sha256Of,
  writeFileAtomic,
} from "./files.js";
export { lockFolder, tryLock, type Unlock } from "./lock.js";
