// The peers' libraries, installed once into a folder that git ignores.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { startContestant } from "./contestant.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
/** What each peer needs besides what all of its kind need. */
const PYTHON = {
  eager: [],
  channels_last: [],
  compile: [],
  torchattacks: ["torchattacks"],
  foolbox: ["foolbox"],
  art: ["adversarial-robustness-toolbox"],
};
const TORCH = ["torch", "torchvision", "timm", "onnx", "safetensors", "numpy"];
const NODE = {
  "jax-js": ["@jax-js/onnx", "@jax-js/jax"],
  tfjs: ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm"],
};
// As the holdfast command sets it; PyTorch is slower so, and keeps its default.
const MALLOC = { MALLOC_TRIM_THRESHOLD_: "67108864", MALLOC_MMAP_THRESHOLD_: "4194304" };

/** Installs what is missing; a peer that can't be installed is left out, which is said. */
export function installPeers(names, folder, say) {
  mkdirSync(folder, { recursive: true });
  const python = process.env["PYTHON"] ?? join(folder, "venv", "bin", "python");
  const install = (name, work) => {
    const done = join(folder, `${name}.installed`);
    if (existsSync(done)) return true;
    say(`installing ${name}`);
    try {
      work();
      writeFileSync(done, "");
      return true;
    } catch (error) {
      say(`${name} is left out: it could not be installed (${reason(error)})`);
      return false;
    }
  };
  const isOwnPython = process.env["PYTHON"] !== undefined;
  const pip = (packages) =>
    packages.length > 0 &&
    !isOwnPython &&
    execFileSync(python, ["-m", "pip", "install", "-q", ...packages], { stdio: "pipe" });
  const hasTorch =
    isOwnPython ||
    install("torch", () => {
      execFileSync("python3", ["-m", "venv", join(folder, "venv")], { stdio: "pipe" });
      pip(TORCH);
    });
  const there = names.filter((name) =>
    name in PYTHON
      ? hasTorch && install(name, () => pip(PYTHON[name]))
      : install(name, () =>
          execFileSync(
            "npm",
            ["install", "--prefix", folder, "--no-audit", "--no-fund", "--silent", ...NODE[name]],
            { stdio: "pipe" },
          ),
        ),
  );
  return { names: there, python: hasTorch ? python : undefined, folder };
}

/** Makes the weights and the images of a case. */
export function prepareCase(python, given) {
  execFileSync(python, [join(here, "peer.py"), "prepare", JSON.stringify(given)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** Starts holdfast, or a peer by its name. */
export function startByName(name, given, peers) {
  const text = JSON.stringify(given);
  if (name === "holdfast")
    return startContestant(name, process.execPath, [join(here, "holdfast.mjs"), text], { env: MALLOC });
  if (name in PYTHON) return startContestant(name, peers.python, [join(here, "peer.py"), name, text]);
  const env = { MODULES: resolve(peers.folder, "node_modules") };
  return startContestant(name, process.execPath, [join(here, `${name}.mjs`), text], { env });
}

const reason = (error) =>
  String(error.stderr ?? error.message)
    .trim()
    .split("\n")
    .at(-1);
