/**
 * Turns off ONNX Runtime's telemetry, on by default: a device id and an event store below the user's cache folder, a
 * file in the temporary one, and a look-up of its maker's collector. The library reads this variable when it is
 * loaded, so this module is imported before it, and for nothing else.
 */
import { isMainThread } from "node:worker_threads";

const VARIABLE = "ORT_DISABLE_TELEMETRY";

// A worker thread has a copy of the environment that native code never sees: what starts the thread must have set it.
if (!isMainThread && process.env[VARIABLE] === undefined) {
  process.emitWarning(
    `ONNX Runtime may send telemetry from this worker thread: import holdfast in the main thread first, or set ${VARIABLE}=1 before the process starts.`,
  );
}
process.env[VARIABLE] = "1";
