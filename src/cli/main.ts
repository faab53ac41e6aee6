#!/usr/bin/env -S MALLOC_TRIM_THRESHOLD_=67108864 node
// The variable keeps glibc from raising its thresholds: ONNX Runtime's temporary copies of the weights
// go back to the system, which lowers the peak memory by a sixth at the same speed.
import { runCli } from "./program.js";

// A reader that has enough (holdfast … | head) closes the pipe: nothing went wrong.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
process.exitCode = await runCli(process.argv.slice(2));
