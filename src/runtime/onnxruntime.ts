/** ONNX Runtime as this project loads it: nothing else imports the package. */
import "./telemetry.js";

import { env } from "onnxruntime-node";

// What it fails to load is thrown as well.
env.logLevel = "fatal";

export { InferenceSession, listSupportedBackends, Tensor } from "onnxruntime-node";
