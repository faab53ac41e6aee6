// npm test: installs if needed and runs the tests. Plain Node, no dependencies of its own.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installIfNeeded } from "./install.mjs";

installIfNeeded();
const report = join(tmpdir(), `holdfast-tests-${process.pid}.json`);
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--reporter=default", "--reporter=json"];
const args = [...vitest, `--outputFile.json=${report}`, ...process.argv.slice(2)];
const status = spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
if (!existsSync(report)) process.exit(status || 1);
const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
console.log(`${numPassedTests} passed, ${numFailedTests} failed`);
process.exit(numPassedTests === 0 ? 1 : status);
