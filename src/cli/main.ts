#!/usr/bin/env -S MALLOC_TRIM_THRESHOLD_=67108864 MALLOC_MMAP_THRESHOLD_=4194304 node
// The variables fix glibc's thresholds: ONNX Runtime's temporary copies of weights above 4 MiB go back to
// the system, which lowers the peak memory. Smaller blocks are kept, because training compiles the attack on a small model
// anew for each batch, which then takes half the time (bench/README.md).
import { runCli } from "./program.js";

process.exitCode = await runCli(process.argv.slice(2));
