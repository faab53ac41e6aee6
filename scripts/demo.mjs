// npm run demo: installs if needed, builds, and runs the commands that a user would type:
// two trainings on MNIST, one evaluation, one report. Plain Node, no dependencies of its own.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { installIfNeeded, run } from "./install.mjs";

const FOLDER = "runs/demo";
const seed = process.argv.includes("--seed") ? process.argv[process.argv.indexOf("--seed") + 1] : "0";
const started = performance.now();

function holdfast(...args) {
  console.error(`\n$ holdfast ${args.join(" ")}`);
  run(process.execPath, ["dist/cli/main.js", ...args]);
}

/** Trains, or goes on where an earlier demo was stopped; a demo of another seed begins anew. */
function train(name, args) {
  const out = join(FOLDER, name);
  const config = join(out, "config.json");
  if (existsSync(config)) {
    if (String(JSON.parse(readFileSync(config, "utf8")).settings.seed) === seed) {
      return holdfast("train", "--resume", out);
    }
    rmSync(out, { recursive: true });
  }
  holdfast("train", ...args, "--seed", seed, "--out", out);
}

installIfNeeded();
console.error("building …");
run("npm", ["run", "--silent", "build"]);

train("undefended", ["--data", "mnist", "--recipe", "undefended", "--epochs", "0.5"]);
train("at-alp", [
  "--data",
  "mnist",
  "--recipe",
  "at-alp",
  "--epochs",
  "1.5",
  "--steps",
  "5",
  "--learning-rate",
  "8e-3",
]);

const report = join(FOLDER, "report.html");
holdfast(
  "evaluate",
  join(FOLDER, "undefended"),
  join(FOLDER, "at-alp"),
  "--data",
  "mnist:test",
  "--limit",
  "1000",
  "--epsilon",
  "0.1,0.2,0.3",
  "--steps",
  "40",
  "--step-size",
  "0.01",
  "--out",
  join(FOLDER, "result.json"),
  "--report",
  report,
);
console.log(
  `\nThe report: ${resolve(report)} (${Math.round((performance.now() - started) / 1000)} s in all)`,
);
