import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { holdfast } from "../../test/runs/holdfast.js";
import { parseResult } from "../evaluation/index.js";

let root = "";
let run = "";
const tiny = [
  "--limit",
  "300",
  "--epochs",
  "1",
  "--batch-size",
  "32",
  "--steps",
  "2",
  "--validation",
  "50",
  "--threads",
  "1",
];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-cli-"));
  run = join(root, "run");
  const { code, stderr } = await holdfast(["train", ...tiny, "--out", run]);
  expect(code, stderr).toBe(0);
});
afterAll(() => rm(root, { recursive: true }));

describe("help", () => {
  test("lists the commands with examples, on stdout, exit code 0", async () => {
    const { code, stdout } = await holdfast(["--help"]);
    expect(code).toBe(0);
    for (const word of ["train", "attack", "evaluate", "report", "inspect", "data", "Examples:"]) {
      expect(stdout).toContain(word);
    }
  });

  test.each(["train", "attack", "evaluate", "report", "inspect", "data"])(
    "%s --help shows examples",
    async (name) => {
      const { code, stdout } = await holdfast([name, "--help"]);
      expect(code).toBe(0);
      expect(stdout).toContain(`holdfast ${name} `);
      expect(stdout).toContain("--json");
    },
  );
});

describe("sweep", () => {
  test("says its defaults as they are typed, each once", async () => {
    const { stdout } = await holdfast(["sweep", "--help"]);
    const help = stdout.replace(/\s+/g, " ");
    expect(help).toContain("radius of the attack used for judging (default: 8/255) --");
    expect(help).toContain("folder for the trials (default: sweeps/<data>-<recipe>)");
    expect(help).toContain("as in alpha=0.02,0.1; repeatable --");
  });

  test("keeps out of the folder that train would take", async () => {
    const data = ["--data", "mnist:train", "--limit", "20", "--validation", "0"];
    const args = ["sweep", ...data, "--recipe", "pat", "--vary", "learning-rate=0.1"];
    const { code, stderr } = await holdfast(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining("needs validation images")]);
    expect(stderr).toContain("in sweeps/mnist-pat\n");
  });
});

describe("a model that was trained", () => {
  test("is attacked; the .npz holds what was promised; --limit says its interval", async () => {
    const npz = join(root, "adversarial.npz");
    const args = ["attack", run, "--limit", "40", "--steps", "2", "--threads", "1", "--save", npz, "--json"];
    const { code, stdout, stderr } = await holdfast(args);
    expect(code, stderr).toBe(0);
    const data = JSON.parse(stdout) as {
      images: number;
      epsilon: number;
      robust: { low: number; high: number };
    };
    expect(data.images).toBe(40);
    expect(data.epsilon).toBe(0.3);
    expect(data.robust.high).toBeGreaterThan(data.robust.low);
    expect(stderr).toContain("40 of 10000 images of mnist:test");
    const bytes = await readFile(npz, "latin1");
    for (const name of [
      "adversarial",
      "label",
      "clean_prediction",
      "adversarial_prediction",
      "success",
      "file",
    ]) {
      expect(bytes).toContain(`${name}.npy`);
    }
    expect(bytes).toContain("'shape': (40, 1, 28, 28)");
  });

  test("is evaluated beside another and reported; --fail-below exits with 1", async () => {
    const [out, report] = [join(root, "result.json"), join(root, "report.html")];
    const common = [
      "--limit",
      "20",
      "--epsilon",
      "0.1,77/255",
      "--steps",
      "2",
      "--threads",
      "1",
      "--out",
      out,
    ];
    const { code, stdout, stderr } = await holdfast([
      "evaluate",
      run,
      join(run, "model.onnx"),
      ...common,
      "--report",
      report,
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("upper bound");
    const result = parseResult(JSON.parse(await readFile(out, "utf8")), out);
    expect(result.models.map(({ name }) => name)).toEqual(["run", "model"]);
    expect(result.headline!.epsilon).toBeCloseTo(77 / 255, 12);
    expect(await readFile(report, "utf8")).toContain("<!doctype html>");
    const failing = ["evaluate", run, ...common, "--out", join(root, "other.json"), "--fail-below", "1"];
    const below = await holdfast([...failing, "--no-checks", "--epsilon", "0.5"]);
    expect(below.code).toBe(1);
    expect(below.stderr).toContain("the gray image, ε 0.5");
    expect(below.stdout).toMatch(/gray image +L∞ 0\.5/);
    const again = await holdfast(["report", out, "--out", join(root, "again.html")]);
    expect(again.code, again.stderr).toBe(0);
    expect(await readFile(join(root, "again.html"), "utf8")).toBe(await readFile(report, "utf8"));
  });

  test("is attacked; .png keeps pictures", async () => {
    const args = ["attack", run, "--steps", "1", "--threads", "1", "--json", "--limit"];
    const { code, stdout, stderr } = await holdfast([...args, "12", "--save", join(root, "picture.png")]);
    expect(code, stderr).toBe(0);
    const { saved } = JSON.parse(stdout) as { saved: string[] };
    expect(saved.map((file) => basename(file))).toContain("picture-07.png");
    expect((await readFile(saved[11]!)).subarray(1, 4).toString()).toBe("PNG");
  });

  test("is evaluated until the first Ctrl-C: there is nothing to save", async () => {
    const args = ["evaluate", run, "--threads", "1", "--out", join(root, "never.json")];
    const { code } = await holdfast(args, { at: "images of mnist:test", signal: "SIGINT" });
    // The system ended it; a shell says 130.
    expect(code).toBe(null);
    expect(await readdir(root)).not.toContain("never.json");
  });

  test("misses --fail-below though nobody reads", async () => {
    const args = ["evaluate", run, "--limit", "10", "--steps", "1", "--threads", "1", "--fail-below", "1"];
    const out = ["--no-checks", "--epsilon", "0.5", "--out", join(root, "unread.json")];
    expect((await holdfast([...args, ...out], undefined, ["stdout", "stderr"])).code).toBe(1);
  });

  test("is trained to the end though nobody reads", async () => {
    const out = join(root, "unread");
    expect((await holdfast(["train", ...tiny, "--out", out], undefined, ["stderr"])).code).toBe(0);
    expect(await readdir(out)).toContain("model.onnx");
    expect(await readdir(out)).not.toContain("lock");
  });

  test("is inspected, from its folder or its file", async () => {
    const { code, stdout } = await holdfast(["inspect", run, "--json"]);
    expect(code).toBe(0);
    const facts = JSON.parse(stdout) as { recipe: string; taps: unknown[]; input: string };
    expect(facts.recipe).toBe("at-alp");
    expect(facts.taps.length).toBe(3);
    expect(facts.input).toBe("image: float32[N, 1, 28, 28]");
    expect((await holdfast(["inspect", join(run, "model.onnx"), "--graph"])).stdout).toContain(
      "= Conv(image",
    );
  });

  test("needs no other option to be resumed, and Ctrl-C says how", async () => {
    const out = join(root, "stopped");
    const stopped = await holdfast(["train", ...tiny, "--epochs", "40", "--out", out], {
      at: "compiled",
      signal: "SIGINT",
    });
    expect(stopped.code, stopped.stderr).toBe(130);
    expect(stopped.stderr).toContain(`holdfast train --resume ${out}`);
    expect(await readdir(out)).not.toContain("lock");
    const differing = await holdfast(["train", "--resume", out, "--batch-size", "64"]);
    expect(differing.code).toBe(2);
    expect(differing.stderr).toContain("settings.batchSize is 32, but you asked for 64");
    const resumed = await holdfast(["train", "--resume", out], {
      at: "continuing after step",
      signal: "SIGINT",
    });
    expect(resumed.code, resumed.stderr).toBe(130);
  });
});

describe("what is wrong is named, with its exit code", () => {
  test.each([
    ["no such command", ["trian"], 2, /unknown command 'trian'/],
    ["no such option", ["train", "--epoch", "1"], 2, /unknown option '--epoch'.*--epochs/s],
    ["no such recipe", ["train", "--recipe", "atalp"], 2, /Did you mean "at-alp"/],
    ["no such model", ["train", "--model", "resnet-min", "--limit", "300"], 2, /resnet-mini/],
    ["no number", ["train", "--epochs", "many"], 2, /number or a fraction/],
    ["a radius in gray levels", ["train", "--epsilon", "8"], 2, /8\/255/],
    ["a trunk frozen as it was drawn", ["train", "--freeze-trunk"], 2, /--init resnet50\.safetensors/],
    ["a head of a built-in model", ["train", "--head", "new"], 2, /--head: is for models read from a file/],
    ["taps of a built-in model", ["train", "--taps", "a,b"], 2, /--taps: is for models/],
    [
      "an order of a built-in model",
      ["train", "--channel-order", "bgr"],
      2,
      /--channel-order: is for models/,
    ],
    ["no such model file", ["train", "--model", "none.onnx"], 3, /none\.onnx: does not exist/],
    ["no draws", ["attack", "model.onnx", "--draws", "0"], 2, /--draws/],
    ["no jobs", ["reproduce", "all", "--jobs", "0"], 2, /--jobs/],
    ["no such data", ["data", "nowhere"], 3, /neither an existing path nor a known dataset/],
    ["a sweep of nothing", ["sweep"], 2, /--vary.* not specified/],
    ["a size too large", ["data", "flowers", "--size", "5000"], 2, /--size.*from 1 to 4096/],
    ["no such file", ["inspect", "nothing.onnx"], 3, /nothing\.onnx: does not exist/],
    ["a result that is none", ["report", "package.json"], 3, /not a holdfast result/],
    ["no model at all", ["evaluate"], 2, /missing required argument/],
  ])("%s", async (_, args, exit, words) => {
    const { code, stdout, stderr } = await holdfast(args);
    expect(stderr).toMatch(words);
    expect(code).toBe(exit);
    expect(stdout).toBe("");
  });

  test("an output folder that exists", async () => {
    const { code, stderr } = await holdfast(["train", ...tiny, "--out", run]);
    expect(code).toBe(2);
    expect(stderr).toContain(`--resume ${run}`);
  });

  test("a run that is not finished has no model yet", async () => {
    await rm(join(root, "half"), { recursive: true, force: true });
    const out = join(root, "half");
    await holdfast(["train", ...tiny, "--epochs", "40", "--out", out], { at: "compiled", signal: "SIGINT" });
    const { code, stderr } = await holdfast(["attack", out]);
    expect(code).toBe(3);
    expect(stderr).toContain(`holdfast train --resume ${out}`);
  });

  test("a truncated model", async () => {
    const bytes = await readFile(join(run, "model.onnx"));
    await writeFile(join(root, "cut.onnx"), bytes.subarray(0, 5000));
    const { code, stderr } = await holdfast(["attack", join(root, "cut.onnx")]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/cut\.onnx: is not an ONNX model, or is truncated/);
  });

  // Root may write anywhere.
  test.skipIf(process.getuid?.() === 0 || process.platform === "win32")(
    "a folder without permission",
    async () => {
      const locked = join(root, "locked");
      await rm(locked, { recursive: true, force: true });
      await writeFile(locked, "");
      await chmod(root, 0o500);
      const { code, stderr } = await holdfast(["train", ...tiny, "--out", join(root, "new")]);
      await chmod(root, 0o700);
      expect(code).toBe(3);
      expect(stderr).toContain("cannot be accessed");
    },
  );

  test.runIf(process.platform === "linux")("a full disk loses nothing and says so", async () => {
    const { code, stderr } = await holdfast([
      "attack",
      run,
      "--limit",
      "10",
      "--steps",
      "1",
      "--save",
      "/proc/nope.npz",
    ]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/\/proc\/nope\.npz/);
  });
});
