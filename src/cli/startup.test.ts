/** A command line starts fast because it loads little: modules are counted, for time depends on the machine. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { PROGRAM } from "../../test/runs/holdfast.js";
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
