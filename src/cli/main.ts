#!/usr/bin/env -S MALLOC_TRIM_THRESHOLD_=67108864 MALLOC_MMAP_THRESHOLD_=4194304 node
// The variables keep glibc's thresholds where they are: ONNX Runtime's temporary copies of weights above 4 MiB go back to
// the system, which lowers the peak memory; smaller ones are kept, for an attack on a small model is compiled anew
// for each batch of a training, in half the time so (bench/README.md).
import { runCli } from "./program.js";

process.exitCode = await runCli(process.argv.slice(2));
