// Trains in the folder named by the argument, or goes on there: a process for tests to kill.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { resumeRun, trainRun } from "../../src/training/index.js";
import { tinyRun } from "./settings.js";

const folder = process.argv[2]!;
const hooks = {
  onEvent: (event: { type: string; step?: number }): void => {
    process.stdout.write(`${event.type} ${event.step ?? ""}\n`);
  },
};
if (existsSync(join(folder, "config.json"))) await resumeRun(folder, hooks);
else await trainRun(tinyRun(folder), hooks);
