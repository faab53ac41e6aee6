// npm test: installs if needed and runs the tests. Plain Node, no dependencies of its own.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const run = (command, args) => spawnSync(command, args, { stdio: "inherit" }).status ?? 1;

const installed = "node_modules/.package-lock.json";
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync("package-lock.json").mtimeMs) {
  const status = run("npm", ["ci"]);
  if (status !== 0) process.exit(status);
}

const report = join(tmpdir(), `holdfast-tests-${process.pid}.json`);
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--reporter=default", "--reporter=json"];
const status = run(process.execPath, [...vitest, `--outputFile.json=${report}`, ...process.argv.slice(2)]);
const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
console.log(`${numPassedTests} passed, ${numFailedTests} failed`);
process.exit(numPassedTests === 0 ? 1 : status);
