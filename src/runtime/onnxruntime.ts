/** ONNX Runtime as this project loads it: nothing else imports the package. */
import "./telemetry.js";

export { InferenceSession, Tensor } from "onnxruntime-node";
