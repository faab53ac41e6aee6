/**
 * From `holdfast`: run on a GPU or in a worker thread, and tell errors apart.
 *
 * @example
 * ```ts
 * import { createTarget, createWorkerRuntime, HoldfastError, loadClassifier } from "holdfast";
 *
 * // ONNX Runtime blocks the thread that calls it: a worker keeps a server responsive.
 * const runtime = createWorkerRuntime();
 * try {
 *   const target = createTarget(await loadClassifier("my-model.onnx"), {
 *     batchSize: 32,
 *     compile: runtime.compile,
 *   });
 *   await target.dispose();
 * } catch (error) {
 *   if (!(error instanceof HoldfastError)) throw error;
 *   console.error(error.place, error.problem, error.remedy);
 * } finally {
 *   await runtime.dispose();
 * }
 * ```
 * @module Runtime
 */
export { createWorkerRuntime, listDevices, openDevice } from "../runtime/index.js";
export type {
  CompileOptions,
  Device,
  DeviceName,
  DeviceState,
  DeviceUse,
  Feeds,
  OpenDeviceOptions,
  Program,
  WorkerRuntime,
} from "../runtime/index.js";
export { HoldfastError, InputError, InterruptedError, UsageError } from "../errors/index.js";
export type { ErrorDetails } from "../errors/index.js";
