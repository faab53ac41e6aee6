export { compile } from "./compile.js";
export {
  listDevices,
  openDevice,
  type Device,
  type DeviceState,
  type OpenDeviceOptions,
} from "./device/open.js";
export { DEVICES, type DeviceName, type DeviceUse } from "./devices.js";
export { fastConvolutions } from "./lowering/index.js";
export { runtimeInfo, type EngineInfo } from "./info.js";
export { liveBytes, preparedBytes, programBytes, type ProgramBytes } from "./memory.js";
export { openOriginal } from "./original.js";
export { LEAST_ROWS, rowsPerRun } from "./rows-per-run.js";
export type { CompileOptions, Feeds, Program } from "./program.js";
export { createWorkerRuntime, type WorkerRuntime } from "./worker/runtime.js";
