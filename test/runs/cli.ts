// The command line as a process for tests: sources instead of the build.
import { runCli } from "../../src/cli/program.js";

process.exitCode = await runCli(process.argv.slice(2));
