// Installs the dependencies when they are missing or older than the lock file. Plain Node.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";

export function run(command, args) {
  // npm is a script on Windows: only a shell finds it there.
  const { status } = spawnSync(command, args, { stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) process.exit(status ?? 1);
}

export function installIfNeeded() {
  const installed = "node_modules/.package-lock.json";
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync("package-lock.json").mtimeMs) return;
  run("npm", ["ci"]);
}
