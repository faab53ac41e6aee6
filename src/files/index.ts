export {
  ensureFolder,
  fileError,
  readFileChecked,
  removeQuietly,
  sha256Of,
  writeFileAtomic,
} from "./files.js";
export { lockFolder } from "./lock.js";
