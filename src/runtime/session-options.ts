import { coreCount } from "../files/index.js";
import type { InferenceSession } from "./onnxruntime.js";

/** Only what is fatal: warnings are about graphs that a user never wrote, and errors are thrown as well. */
const LOG_SEVERITY = 4 as const;

/** How every session is made. */
export function sessionOptions({
  threads = coreCount(),
}: {
  readonly threads?: number | undefined;
}): InferenceSession.SessionOptions {
  return {
    executionProviders: ["cpu"],
    // Off: as fast, and at half the peak memory (the pattern plans for every output at once).
    enableMemPattern: false,
    logSeverityLevel: LOG_SEVERITY,
    // Idle sessions would otherwise spin against the one that runs.
    extra: { session: { force_spinning_stop: "1" } },
    // By itself ONNX Runtime counts the machine's cores, also in a container that may use fewer.
    intraOpNumThreads: threads,
  };
}
