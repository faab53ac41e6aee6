export {
  HoldfastError,
  InputError,
  InterruptedError,
  refusing,
  UsageError,
  type ErrorDetails,
} from "./errors.js";
export { nearestName, suggestName } from "./nearest.js";
export { packError, unpackError, type PackedError } from "./pack.js";
