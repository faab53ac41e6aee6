/** A command line starts fast because it loads little: modules are counted, for time depends on the machine. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { evaluated } from "../../test/evaluated.js";
import { PROGRAM } from "../../test/runs/holdfast.js";
import { smallNetwork } from "../../test/small-network.js";
import { writeSmallPhotos } from "../../test/small-photos.js";
import { writeResult } from "../evaluation/index.js";
import { saveClassifier } from "../models/index.js";
import { COMMANDS } from "./commands.js";

interface Loaded {
  readonly stdout: string;
  /** Modules of this package. */
  readonly own: readonly string[];
  /** Other packages, and all of their modules. */
  readonly packages: readonly string[];
  readonly foreign: readonly string[];
}

/** The compiled sources lie in `node_modules/.cache`. */
const packageOf = (url: string): string => /.*\/node_modules\/((?:@[^/]+\/)?[^/.][^/]*)/.exec(url)?.[1] ?? "";

function load(...args: readonly string[]): Loaded {
  const watched = ["--import", "./test/typescript/loaded.mjs", PROGRAM, ...args];
  const { stdout, stderr } = spawnSync(process.execPath, watched, { encoding: "utf8" });
  const urls = [...stderr.matchAll(/^loaded: (.*)$/gm)].map(([, url]) => url!);
  const foreign = urls.filter((url) => packageOf(url) !== "");
  return {
    stdout,
    own: urls.filter((url) => url.includes("/src/")),
    packages: [...new Set(foreign.map(packageOf))],
    foreign,
  };
}

test("--help and --version load no command and no package but commander", () => {
  const help = load("--help");
  for (const [name, { description }] of Object.entries(COMMANDS)) {
    expect(help.stdout).toContain(`  ${name} `);
    expect(help.stdout.replaceAll(/\s+/g, " ")).toContain(description);
  }
  for (const { own, packages } of [help, load("--version")]) {
    expect(own.some((url) => url.endsWith("/src/cli/program.js"))).toBe(true);
    expect(own.filter((url) => url.includes("/src/cli/commands/"))).toEqual([]);
    expect(own.length).toBeLessThan(16);
    expect(packages).toEqual(["commander"]);
  }
});

test.each(["train", "evaluate", "check", "reproduce"])(
  "%s --help loads that command and no heavy package",
  (name) => {
    const { stdout, own, packages } = load(name, "--help");
    expect(stdout).toContain(`Usage: holdfast ${name} `);
    expect(
      own.filter((url) => /\/src\/cli\/commands\/[\w]+\.js$/.test(url)).map((url) => url.replace(/.*\//, "")),
    ).toEqual([`${name}.js`]);
    expect(packages.filter((each) => each !== "commander" && each !== "cli-progress")).toEqual([]);
  },
);

test("help evaluate shows what evaluate --help shows", () => {
  expect(load("help", "evaluate").stdout).toBe(load("evaluate", "--help").stdout);
});

test("what draws charts loads them as one file", () => {
  const { foreign } = load("export", "none.json", "--to", "csv");
  expect(foreign.filter((url) => packageOf(url) === "echarts").length).toBe(1);
});

test("an unchanged check, and kept results compared or merged, load nothing that computes one", async () => {
  const root = await mkdtemp(join(tmpdir(), "holdfast-startup-"));
  try {
    await writeSmallPhotos(join(root, "photos/test"));
    await saveClassifier(smallNetwork(), join(root, "model.onnx"));
    const config =
      "models: { m: model.onnx }\ndata: photos:test\nattack: fgsm\nthreats: [{ epsilon: 0.1 }]\n";
    await writeFile(join(root, "holdfast.yaml"), `${config}assert: { clean: { min: 0 } }\n`);
    const args = ["check", "--config", join(root, "holdfast.yaml"), "--cache", join(root, "cache")];
    const heavy = ["onnxruntime-node", "sharp", "@bufbuild/protobuf", "csv-parse"];
    expect(load(...args).packages).toEqual(expect.arrayContaining(heavy));

    const result = join(root, "result.json");
    await writeResult(result, evaluated([{ name: "m", images: "++a-" }]));
    const check = load(...args);
    const compare = load("compare", result, result);
    // Refused once it is read: it is no shard.
    const merge = load("merge", join(root, "merged.json"), result);
    expect(check.stdout).toContain("(unchanged since the last check: m)");
    expect(compare.stdout).toContain("clean");
    for (const { own, packages } of [check, compare, merge]) {
      expect(own.some((url) => url.endsWith("/src/evaluation/results.js"))).toBe(true);
      expect(packages.filter((name) => heavy.includes(name))).toEqual([]);
    }
  } finally {
    await rm(root, { recursive: true });
  }
});
