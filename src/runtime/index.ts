export { compile } from "./compile.js";
export { fastConvolutions, weightsToFeed } from "./lowering/index.js";
export { runtimeInfo, type EngineInfo } from "./info.js";
export { openOriginal } from "./original.js";
export type { CompileOptions, Feeds, Program } from "./program.js";
export { createWorkerRuntime, type WorkerRuntime } from "./worker/runtime.js";
