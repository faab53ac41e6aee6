import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { holdfast } from "../../test/runs/holdfast.js";
import { tinyRun } from "../../test/runs/settings.js";
import { trainRun } from "../training/index.js";
import { hasDisplay, openerOf } from "./browser.js";
import { serveTraining } from "./index.js";

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-live-"));
});
afterAll(() => rm(root, { recursive: true }));

/** Every file of a run folder, but for how long it took, and the length and the hash of the log that tells it. */
async function bytesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) =>
    each.isFile(),
  );
  const files: Record<string, string> = {};
  for (const { name, parentPath } of names) {
    const text = (await readFile(join(parentPath, name))).toString("latin1");
    const isTimed = /\.jsonl?$/.test(name) && name !== "config.json";
    const untimed = text
      .replace(/"(?:seconds|logBytes)":\s*[\d.e-]+/g, "")
      .replace(/"log\.jsonl": "\w+"/, "");
    files[join(parentPath, name).slice(folder.length)] = isTimed ? untimed : text;
  }
  return files;
}

describe("a training that is watched", () => {
  test("writes the same bytes as one that is not", async () => {
    const live = await serveTraining({ links: 1, onLost: (reason) => expect.unreachable(reason.message) });
    const watchedRun = join(root, "watched");
    live.begin(watchedRun);
    let seen = "";
    const cookie = await new Promise<string>((resolve, reject) => {
      request(live.links[0]!, ({ headers }) => resolve(headers["set-cookie"]![0]!.split(";")[0]!))
        .on("error", reject)
        .end();
    });
    const options = { host: "127.0.0.1", port: live.port, path: "/events", headers: { cookie } };
    const closed = new Promise<void>((resolve, reject) => {
      request(options, (response) => {
        response
          .setEncoding("utf8")
          .on("data", (chunk: string) => (seen += chunk))
          .on("close", resolve);
      })
        .on("error", reject)
        .end();
    });
    const run = tinyRun(watchedRun);
    await trainRun(run, { onEvent: live.onEvent });
    await live.end({ phase: "finished" });
    await closed;
    expect(seen).toMatch(/AT\+ALP on mnist: right on at most/);
    expect(seen).toMatch(/event: end\ndata: "The training has finished/);
    const alone = join(root, "alone");
    await trainRun(tinyRun(alone));
    const [ours, theirs] = [await bytesOf(watchedRun), await bytesOf(alone)];
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
    expect(Object.keys(ours)).toContain("/model.onnx");
    for (const [name, text] of Object.entries(ours)) expect(text === theirs[name], name).toBe(true);
  });
});

test("a server alone keeps no process alive", () => {
  const script = `
    import { serveTraining } from "./src/live/index.js";
    const { port } = await serveTraining({ links: 1, onLost: console.error });
    console.log(port > 0);`;
  const options = ["--import", "./test/typescript/register.mjs", "--input-type=module", "--eval", script];
  const { status, stdout, stderr } = spawnSync(process.execPath, options, {
    encoding: "utf8",
    timeout: 120_000,
  });
  expect([status, stdout], stderr).toEqual([0, "true\n"]);
});

describe("on the command line", () => {
  const cheap = ["--limit", "200", "--epochs", "1", "--batch-size", "32", "--validation", "50", "--recipe", "undefended", "--threads", "1"]; // prettier-ignore

  test("--serve prints a link, and the process ends by itself, its page left in the folder", async () => {
    const out = join(root, "served");
    const { code, stdout, stderr } = await holdfast([
      "train",
      ...cheap,
      "--serve",
      "--quiet",
      "--json",
      "--out",
      out,
    ]);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(
      /^Watch the training at http:\/\/127\.0\.0\.1:(\d+)\/\?token=[\w-]{43} \(works once\)\n {2}from another machine: ssh -L \1:127\.0\.0\.1:\1 <this machine>\n$/,
    );
    expect(JSON.parse(stdout)).toMatchObject({ folder: out, report: join(out, "report.html") });
    const page = await readFile(join(out, "report.html"), "utf8");
    expect(page).toContain("<h1>No defence on mnist: trained</h1>");
    const again = join(root, "again.html");
    expect((await holdfast(["report", out, "--out", again])).code).toBe(0);
    expect(await readFile(again, "utf8")).toBe(page);
  });

  test("Ctrl-C saves and ends it, and its page says how to go on", async () => {
    const out = join(root, "stopped");
    const args = ["train", ...cheap, "--epochs", "1000", "--serve", "--out", out];
    const { code, stderr } = await holdfast(args, { at: "compiled", signal: "SIGINT" });
    expect(code, stderr).toBe(130);
    const page = await readFile(join(out, "report.html"), "utf8");
    expect(page).toMatch(/<h1>No defence on mnist: stopped after step \d+</);
    expect(page).toContain(`holdfast train --resume ${out}`);
  });

  test("a port in use, and one that nothing is shown at, are said before anything is done", async () => {
    const live = await serveTraining({ links: 1, onLost: () => {} });
    const out = join(root, "never");
    const taken = await holdfast(["train", ...cheap, "--serve", "--port", String(live.port), "--out", out]);
    await live.end({ phase: "stopped" });
    expect(taken.code).toBe(2);
    expect(taken.stderr).toBe(
      `error: --port ${live.port}: is in use by another program\n  Choose another port, or omit --port to take a free one.\n`,
    );
    const alone = await holdfast(["train", ...cheap, "--port", "8123", "--out", out]);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringMatching(/Add --open or --serve/)]);
    expect(await readdir(root)).not.toContain("never");
  });
});

test("a link is opened by the platform's own program, as one word", () => {
  const link = "http://127.0.0.1:1/?token=a&b;c";
  for (const platform of ["darwin", "win32", "linux"] as const) {
    const { command, args } = openerOf(link, platform);
    expect(["open", "rundll32", "xdg-open"]).toContain(command);
    expect(args.at(-1)).toBe(link);
  }
  expect(hasDisplay("linux", {})).toBe(false);
  expect(hasDisplay("linux", { DISPLAY: "" })).toBe(false);
  expect(hasDisplay("linux", { WAYLAND_DISPLAY: "wayland-0" })).toBe(true);
  expect(hasDisplay("darwin", {})).toBe(true);
});
