import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { smallDataset, smallNetwork } from "../../test/small-network.js";
import { InputError } from "../errors/index.js";
import { compile } from "../runtime/index.js";
import { evaluateModels, writeResult, type Result } from "./index.js";

/** Lines that the disk takes before it fails, and how. */
const disk = vi.hoisted(() => ({ lines: Infinity, code: "ENOSPC" }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return {
    ...real,
    // A full disk takes the first part of what is written.
    async appendFile(path: string, text: string) {
      if (disk.lines-- > 0) return real.appendFile(path, text);
      await real.appendFile(path, text.slice(0, text.length / 2));
      throw Object.assign(new Error(disk.code), { code: disk.code });
    },
  };
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-disk-"));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(() => {
  disk.lines = Infinity;
});

async function evaluated(
  keepIn: string | undefined,
  onRun: (data: Float32Array) => void = () => {},
): Promise<Result> {
  const dataset = smallDataset();
  return evaluateModels(
    [
      {
        name: "small",
        classifier: smallNetwork(),
        info: { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" },
      },
    ],
    { dataset, population: dataset.length, seed: null },
    {
      epsilons: [0.15],
      attack: "pgd",
      options: { steps: 5 },
      examples: 1,
      batchSize: 16,
      threads: 1,
      checks: false,
    },
    {
      tool: { name: "holdfast", version: "0.0.0" },
      keepIn,
      async compile(...args) {
        const program = await compile(...args);
        return {
          ...program,
          dispose: () => program.dispose(),
          async run(...given) {
            const answers = await program.run(...given);
            for (const { data } of Object.values(answers)) if (data instanceof Float32Array) onRun(data);
            return answers;
          },
        };
      },
    },
  );
}

const said = ({ measurements, examples, warnings }: Result): string =>
  JSON.stringify({ measurements, examples, warnings }, (key, value: unknown) =>
    key === "seconds" ? 0 : value,
  );

describe("where outcomes cannot be kept any more", () => {
  test.each([
    ["ENOSPC", "could not be written: the disk is full", "Free some space, then run the same again."],
    ["EDQUOT", "your quota is used up", "Free some space, then run the same again."],
    ["EACCES", "cannot be accessed: permission denied", "Give yourself permission, or choose another place."],
    ["EIO", "the disk reports an error", "Check the disk, or use another one."],
  ])(
    "%s is named with its file and what to do, and nothing that was kept is lost",
    async (code, problem, remedy) => {
      const keepIn = join(folder, `${code}.partial`);
      const whole = await evaluated(undefined);
      Object.assign(disk, { lines: 20, code });
      const error = await evaluated(keepIn).catch((each: unknown) => each);
      expect(error).toBeInstanceOf(InputError);
      expect(error).toMatchObject({ place: keepIn, remedy });
      expect((error as Error).message).toContain(problem);
      expect((await readFile(keepIn, "utf8")).split("\n")).toHaveLength(21);
      // Freed, it goes on from the nineteen that were kept.
      disk.lines = 48 - 19;
      expect(said(await evaluated(keepIn))).toBe(said(whole));
      expect(disk.lines).toBe(0);
    },
  );

  test("a result that cannot be written leaves what was kept", async () => {
    const keepIn = join(folder, "unwritten.partial");
    const result = await evaluated(keepIn);
    const before = await readFile(keepIn, "utf8");
    await expect(writeResult("/dev/full", result)).rejects.toThrow(/the disk is full/);
    expect(await readFile(keepIn, "utf8")).toBe(before);
  });
});

describe("a model that breaks down in the middle", () => {
  test("answers NaN: the image counts as wrong, and the number is called false", async () => {
    let runs = 0;
    // The clean pass and the looks before it are untouched.
    const result = await evaluated(undefined, (data) => {
      if (++runs > 40) data.fill(NaN);
    });
    const [clean, attacked] = result.measurements;
    expect(clean!.accuracy).toBe(1);
    expect(attacked).toMatchObject({ kind: "white-box" });
    expect(attacked!.kind === "white-box" && attacked!.nonFinite).toBeGreaterThan(0);
    const [warning] = result.warnings.filter(({ code }) => code === "non-finite");
    expect(warning).toMatchObject({ severity: "serious", measurements: [attacked!.id] });
  });

  test("throws: the error comes out as it is, and what was kept stays", async () => {
    const keepIn = join(folder, "threw.partial");
    let runs = 0;
    const breaks = (): void => {
      if (++runs === 55) throw new Error("out of memory");
    };
    await expect(evaluated(keepIn, breaks)).rejects.toThrow("out of memory");
    expect((await readFile(keepIn, "utf8")).split("\n").length).toBeGreaterThan(2);
    expect(said(await evaluated(keepIn))).toBe(said(await evaluated(undefined)));
  });
});
