import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { holdfast, type Outcome } from "../../test/runs/holdfast.js";
import { TABLE_1 } from "../defences/index.js";
import type { AttackMeasurement } from "../evaluation/index.js";
import { readPictures, readReproduction, type ReproductionResult } from "../reproduction/index.js";

let root = "";
beforeAll(async () => (root = await mkdtemp(join(tmpdir(), "holdfast-reproduce-"))));
afterAll(() => rm(root, { recursive: true }));

/** Four classes are enough to have every piece, and are trained in six steps. */
const FLOWERS = ["--data", "flowers", "--classes", "daisy,tulip,iris,poppy"];
const COMMON = ["--preset", "tiny", ...FLOWERS, "--threads", "1"];

function reproduce(
  out: string,
  more: readonly string[] = [],
  at?: string,
  signal: NodeJS.Signals = "SIGKILL",
): Promise<Outcome> {
  const args = ["reproduce", "all", ...COMMON, "--out", out];
  return holdfast([...args, ...more], at === undefined ? undefined : { at, signal });
}

/** What a reproduction came to, without when and how long. */
function timeless(result: ReproductionResult): unknown {
  const left = new Set(["date", "seconds"]);
  return JSON.parse(JSON.stringify(result, (key, value: unknown) => (left.has(key) ? undefined : value)));
}

async function lockedPieces(out: string): Promise<string[]> {
  const names = await readdir(join(out, "pieces"), { recursive: true });
  return names.filter((name) => /^[^/\\]+[/\\]lock$/.test(name));
}

describe("the preset tiny", () => {
  let result: ReproductionResult;
  let last: Outcome;

  test("is killed again and again, and goes on to the end", async () => {
    const out = join(root, "whole");
    for (const at of ["craft flowers gray-box", "transfer flowers undefended", "train flowers pat", "fd"]) {
      const { code, stdout } = await reproduce(out, [], at);
      expect([code, stdout]).toEqual([null, ""]);
    }
    last = await reproduce(out);
    expect(last.code, last.stderr).toBe(0);
    expect(last.stdout).toContain("all 40 pieces are done");
    result = await readReproduction(join(out, "reproduction.json"));
  });

  test("has every row of Table 1, transfer and white-box side by side", () => {
    const [dataset] = result.datasets;
    expect(dataset!.rows.map(({ recipe }) => recipe)).toEqual(TABLE_1.map(({ name }) => name));
    for (const { model, measured } of dataset!.rows) {
      const own = dataset!.result.measurements.filter((m) => m.model === model);
      const attacks = own.filter((m): m is AttackMeasurement => m.kind !== "clean");
      const shown = attacks.map((m) => `${m.kind} ${m.attack} ${m.threat.epsilon} ${m.parameters.steps}`);
      expect(shown).toEqual(
        expect.arrayContaining([
          "transfer pgd 0.25 2",
          "transfer pgd 0.5 4",
          `white-box pgd ${8 / 255} 4`,
          "white-box gray-image 0.5 null",
        ]),
      );
      expect(measured!.map(({ setting }) => setting)).toEqual([
        "clean",
        "gray-box",
        "black-box",
        "white-box",
      ]);
      expect(measured![0]!.groups.every(({ cosine, distance }) => cosine > 1 - 1e-6 && distance < 1e-3)).toBe(
        true,
      );
    }
    expect(last.stderr).toMatch(/No defence.*\n.*IGR/);
  });

  test("keeps pictures of every row, and says where no data lie", async () => {
    const out = join(root, "whole");
    const pictures = await readPictures(join(out, "pictures.json"));
    const [dataset] = result.datasets;
    expect(Object.keys(pictures[dataset!.id]!)).toEqual(dataset!.rows.map(({ model }) => model));
    expect(dataset!.result.dataset.name).toBe("flowers:test");
  });

  test("no gray image is classified better than the largest class allows", () => {
    const { measurements, dataset } = result.datasets[0]!.result;
    const share = Math.max(...dataset.classCounts) / dataset.n;
    const gray = measurements.filter((m) => m.kind === "white-box" && m.attack === "gray-image");
    expect(gray).toHaveLength(TABLE_1.length);
    for (const { accuracy } of gray) expect(accuracy).toBeLessThanOrEqual(share);
  });

  test("its report shows the warning, the paper's figures by name and needs nothing else", async () => {
    const page = await readFile(join(root, "whole", "report.html"), "utf8");
    for (const words of [
      "transfer, not robustness",
      "Table 1",
      "Figure 3",
      "Table 2",
      "Figures 1, 4 and 5",
    ]) {
      expect(page).toContain(words);
    }
    expect(page).not.toMatch(/<script(?! type="application\/json")|src="http|href="http/);
    const rendered = join(root, "again.html");
    const from = join(root, "whole", "reproduction.json");
    expect((await holdfast(["report", from, "--out", rendered])).code).toBe(0);
    expect(await readFile(rendered, "utf8")).toContain("Table 1");
  });

  const rows = ["--only", "undefended", "--only", "at-alp"];
  async function expectSame(out: string): Promise<void> {
    const [theirs] = (await readReproduction(join(out, "reproduction.json"))).datasets;
    const [ours] = result.datasets;
    const kept = new Set(theirs!.rows.map(({ model }) => model));
    expect([...kept]).toEqual(["undefended", "at-alp"]);
    const part = (from: typeof ours): unknown => ({
      rows: from!.rows.filter(({ model }) => kept.has(model)),
      measurements: from!.result.measurements.filter(({ model }) => kept.has(model)),
    });
    expect(timeless(part(theirs) as ReproductionResult)).toEqual(timeless(part(ours) as ReproductionResult));
  }

  test("a table alone is reported alone, and what it needs serves the others", async () => {
    const out = join(root, "jobs");
    const { code, stderr } = await holdfast([
      "reproduce",
      "table2",
      ...COMMON,
      "--out",
      out,
      "--only",
      "undefended",
    ]);
    expect(code, stderr).toBe(0);
    const [dataset] = (await readReproduction(join(out, "reproduction.json"))).datasets;
    expect(dataset!.rows.map(({ model, measured }) => [model, measured!.length])).toEqual([
      ["undefended", 4],
    ]);
    expect(dataset!.result.measurements).toEqual([]);
    expect(await readFile(join(out, "report.html"), "utf8")).toContain("Table 2");
  });

  test("several processes at a time, killed and interrupted, come to the same", async () => {
    const out = join(root, "jobs");
    const jobs = [...rows, "--jobs", "2"];
    expect((await reproduce(out, jobs, "[1/")).code).toBe(null);
    // The helper that is left behind notices, saves its work and lets its piece go; only the killed one's stays locked.
    await vi.waitFor(async () => expect(await lockedPieces(out)).toHaveLength(1), {
      timeout: 60_000,
      interval: 500,
    });
    const stopped = await reproduce(out, jobs, "done in", "SIGINT");
    expect([stopped.code, stopped.stderr]).toEqual([
      130,
      expect.stringContaining("Run the same command again"),
    ]);
    const { code, stdout, stderr } = await reproduce(out, jobs);
    expect([code, stdout.trim()], stderr).toEqual([0, expect.stringMatching(/^all \d+ pieces are done$/)]);
    await expectSame(out);
  });

  test("two shards, merged, come to the same", async () => {
    const [a, b, merged] = [join(root, "a"), join(root, "b"), join(root, "merged")];
    expect((await reproduce(a, [...rows, "--shard", "1/2"])).stdout).toContain("pieces left");
    expect((await reproduce(b, [...rows, "--shard", "2/2"])).stderr).toContain("waiting for another shard");
    expect((await holdfast(["merge", merged, a, b])).stdout).toMatch(/\d+ pieces copied, 0 already there/);
    const { code, stdout, stderr } = await reproduce(merged, rows);
    expect([code, stdout.trim()], stderr).toEqual([0, expect.stringMatching(/^all \d+ pieces are done$/)]);
    await expectSame(merged);
  });

  test("a piece whose record is damaged is named, with the remedy", async () => {
    const pieces = join(root, "merged", "pieces");
    const [folder] = (await readdir(pieces)).filter((name) => name.startsWith("transfer"));
    await writeFile(join(pieces, folder!, "piece.json"), "{");
    const { code, stderr } = await reproduce(join(root, "merged"));
    expect(code).toBe(3);
    expect(stderr).toContain(folder);
    expect(stderr).toContain("the piece will be made again");
  });

  test("nothing to do is said, with what there is", async () => {
    const { code, stderr } = await reproduce(join(root, "none"), ["--only", "pgd"]);
    expect(code).toBe(2);
    expect(stderr).toContain("flowers at-alp");
  });
});

describe("what is said before anything is opened", () => {
  const paper = ["reproduce", "all", "--preset", "paper", "--data", "nowhere"];

  test("that weights are missing, or of an architecture that is not trained", async () => {
    const none = await holdfast(paper);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining("resnet101 and resnet152")]);
    const weights = ["resnet101", "resnet152", "resnet999"].flatMap((each) => [
      "--weights",
      `${each}=no.file`,
    ]);
    const other = await holdfast([...paper, ...weights]);
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/resnet999.*\n.*resnet101 and/)]);
  });

  test("what the options are by default, and none that are empty", async () => {
    const { stdout } = await holdfast(["reproduce", "--help"]);
    expect(stdout).toMatch(/--data <name>[^-]*\(default:\s+flowers\)/);
    expect(stdout).not.toMatch(/default:\s+(\[\]|\{\})/);
  });
});

test("a file that cannot be read is left out in every process, and named once", async () => {
  const data = join(root, "pets");
  for (const [split, images] of [
    ["train", 36],
    ["test", 3],
  ] as const) {
    for (const [name, background] of [
      ["cat", "#223344"],
      ["dog", "#aa4422"],
    ] as const) {
      await mkdir(join(data, split, name), { recursive: true });
      const image = sharp({ create: { width: 32, height: 32, channels: 3, background } }).png();
      const bytes = await image.toBuffer();
      for (let i = 0; i < images; i++) await writeFile(join(data, split, name, `${i}.png`), bytes);
    }
  }
  await writeFile(join(data, "test", "dog", "1.png"), "no picture");
  const out = join(root, "pets-out");
  const what = ["--preset", "tiny", "--data", data, "--only", "undefended", "--threads", "1", "--out", out];
  const args = ["reproduce", "table1", ...what, "--jobs", "2", "--skip-unreadable"];
  const { code, stdout, stderr } = await holdfast(args);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^all (\d+) pieces are done\n$/);
  expect(stderr.match(/skipped in .*/g)).toEqual([
    `skipped in ${data}:test: 1 file that cannot be decoded: test/dog/1.png`,
  ]);
  expect(stderr).not.toContain("a job failed with exit code");
  // A helper that read the files in another way would make pieces of its own.
  expect(await readdir(join(out, "pieces"))).toHaveLength(Number(/\d+/.exec(stdout)![0]));
  const [dataset] = (await readReproduction(join(out, "reproduction.json"))).datasets;
  expect(dataset!.result.dataset).toMatchObject({ n: 5, classCounts: [3, 2] });
  expect(dataset!.description).toContain("Left out: 1 test file that cannot be decoded.");
});
