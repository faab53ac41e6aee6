import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { holdfast } from "../../test/runs/holdfast.js";
import { smallNetwork } from "../../test/small-network.js";
import { writeSmallPhotos } from "../../test/small-photos.js";
import { modelFromGraph } from "../graph/index.js";
import { writeModelFile } from "../onnx/index.js";
import type { Result } from "../evaluation/index.js";
import {
  describePreprocessing,
  describeReading,
  preprocessingFlags,
  readModel,
  type Reading,
  type ReadingRequest,
} from "./reading.js";
import { openSample } from "./images.js";
import { createTerminal } from "./terminal.js";

/** Models that do not say how their pixels are read. */
let root = "";
const common = (): string[] => ["--data", join(root, "photos"), "--threads", "1"];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "holdfast-reading-"));
  await writeSmallPhotos(join(root, "photos"));
  // The trained network takes pixels of [0, 1], this one of [-1, 1]. Max hides that from who looks at its first nodes.
  const signed = smallNetwork({
    input: (g, x) => {
      const shown = g.op("Max", [x, g.scalar(-1)]);
      return g.op("Add", [g.op("Mul", [shown, g.scalar(0.5)]), g.scalar(0.5)]);
    },
  });
  const blind = smallNetwork({ output: (g, z) => g.op("Mul", [z, g.scalar(0)]) });
  await writeModelFile(join(root, "signed.onnx"), modelFromGraph(signed.graph));
  await writeModelFile(join(root, "blind.onnx"), modelFromGraph(blind.graph));
});
afterAll(() => rm(root, { recursive: true }));

test("the usual preprocessings are tried, and the choice is said, kept and read again", async () => {
  const model = join(root, "signed.onnx");
  const [out, page] = [join(root, "result.json"), join(root, "report.html")];
  const attack = ["--epsilon", "0.01", "--steps", "2"];
  const quick = [...common(), ...attack, "--no-checks", "--examples", "0", "--out", out, "--report", page];
  const guessed = await holdfast(["evaluate", model, ...quick, "-q"]);
  expect(guessed.code, guessed.stderr).toBe(0);
  const warned =
    /warning: signed: nothing says .*"-1 to 1" was chosen by trial: it was right on \d+ of 48 images\. .*--mean 0\.5 --std 0\.5, .*inspect/;
  expect(guessed.stderr).toMatch(warned);
  expect(guessed.stdout).toMatch(warned);
  const { statements, measurements, models, warnings } = JSON.parse(await readFile(out, "utf8")) as Result;
  expect(warnings).toContainEqual({
    code: "guessed-pixels",
    severity: "warning",
    message: expect.stringMatching(/^signed: .* right on \d+ of 48 images\./),
    measurements: measurements.map(({ id }) => id),
  });
  expect(models[0]!.guess).toMatchObject({ name: "-1 to 1", images: 48, options: "--mean 0.5 --std 0.5" });
  expect(await readFile(page, "utf8")).toMatch(/Take care: The model(&#39;|')s preprocessing is a guess/);
  expect(measurements[0]!.accuracy).toBeGreaterThan(0.8);
  expect(models[0]!.preprocessing).toMatch(
    /^\(x − 0\.5\) \/ 0\.5, for x in \[0, 1\], from a trial: right on \d+ of 48 images$/,
  );
  expect(statements).toContainEqual(expect.stringContaining("signed gets its pixels as (x − 0.5) / 0.5"));

  const attacked = await holdfast(["attack", model, ...common(), ...attack, "--json"]);
  expect(JSON.parse(attacked.stdout)).toMatchObject({ warnings: [{ code: "guessed-pixels" }] });
  expect(attacked.stderr.match(warned)).toHaveLength(1);
  const settled = await holdfast(["evaluate", model, ...quick, "--mean", "0.5", "--std", "0.5"]);
  expect([settled.stdout, settled.stderr].join()).not.toContain("trial");

  const unknown = await holdfast(["inspect", model, "--write"]);
  expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("nothing says how")]);
  const written = await holdfast(["inspect", model, ...common().slice(0, 2), "--write"]);
  expect(written.code, written.stderr).toBe(0);
  expect(written.stderr).toMatch(/pixels +right +loss\n {2}-1 to 1 /);
  expect(await readFile(join(root, "signed.yaml"), "utf8")).toContain("range: 1\nmean: [0.5]\nstd: [0.5]\n");
  const read = await holdfast(["inspect", model]);
  expect(read.stdout).toMatch(/pixels +\(x − 0\.5\) \/ 0\.5.* from signed\.yaml/);
  expect(read.stdout).toMatch(/normalisation .*: see pixels/);
  const overridden = await holdfast(["inspect", model, "--pixel-range", "2", "--json"]);
  expect((JSON.parse(overridden.stdout) as { pixels: string }).pixels).toMatch(
    /^2 · \(x − 0\.5\).* from the options$/,
  );
  await writeFile(join(root, "signed.yaml"), "mean: [0.5, 0.5]\n");
  const two = await holdfast(["inspect", model]);
  expect([two.code, two.stderr]).toEqual([
    3,
    expect.stringContaining("mean of signed.yaml: must be one number"),
  ]);
  await writeFile(join(root, "signed.yaml"), "meen: [0.5]\n");
  const misspelt = await holdfast(["inspect", model]);
  expect([misspelt.code, misspelt.stderr]).toEqual([3, expect.stringContaining("meen")]);
});

test("a model at chance however it is read is refused, but measured where its options say how", async () => {
  const args = ["attack", join(root, "blind.onnx"), ...common(), "--epsilon", "0.01", "--steps", "1"];
  const { code, stderr } = await holdfast(args);
  expect([code, stderr]).toEqual([
    3,
    expect.stringMatching(/is no better than chance.*\n *pixels +right +loss\n( {2}.*\d+ of 48.*\n){4}/),
  ]);
  const said = await holdfast([...args, "--pixel-range", "1"]);
  expect(said.code, said.stderr).toBe(0);
});

test("gray models say that colours are turned gray; one number an image is two classes", async () => {
  const one = smallNetwork({
    output: (g, z) => {
      const [b, a] = [
        [1, 2],
        [0, 1],
      ].map(([from, to]) => g.op("Slice", [z, g.ints([from!]), g.ints([to!]), g.ints([1])]));
      return g.op("Sigmoid", [g.op("Sub", [b!, a!])]);
    },
  });
  await writeModelFile(join(root, "one.onnx"), modelFromGraph(one.graph));
  await writeSmallPhotos(join(root, "two"), (label) => ["a", "b"][label]);
  const args = [
    "attack",
    join(root, "one.onnx"),
    "--data",
    join(root, "two"),
    "--epsilon",
    "0.3",
    "--steps",
    "5",
  ];
  const { code, stdout, stderr } = await holdfast([...args, "--threads", "1", "--json"]);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("one: takes gray images, so colours are converted to luma");
  expect(stderr).toContain(
    "one number per image, z before a sigmoid: it counts as two classes with the logits 0 and z",
  );
  const { clean, robust } = JSON.parse(stdout) as Record<"clean" | "robust", { accuracy: number }>;
  expect(clean.accuracy).toBeGreaterThan(0.9);
  expect(robust.accuracy).toBeLessThan(clean.accuracy - 0.3);
});

test("what the files say comes in order: options, model.yaml, the graph, other tools' files", async () => {
  const folder = join(root, "files");
  await mkdir(folder);
  const path = join(folder, "net.onnx");
  const signed = smallNetwork({ input: (g, x) => g.op("Sub", [g.op("Mul", [x, g.scalar(2)]), g.scalar(1)]) });
  const plain = smallNetwork({ input: (g, x) => g.op("Max", [x, g.scalar(0)]) });
  const notes: string[] = [];
  const hear = (text: string): void => void notes.push(text);
  const terminal = { ...createTerminal({}), note: hear, warn: hear };
  const read = (given: ReadingRequest["given"] = {}): Promise<Reading> =>
    readModel({ path, name: "net", given, imageShape: undefined }, terminal);

  await writeModelFile(path, modelFromGraph(plain.graph));
  expect(await read()).toMatchObject({ isSettled: false, description: {} });
  await writeFile(join(folder, "labels.txt"), "x\ny\nz\n");
  const config = { image_mean: [0.4], image_std: [0.3], resample: 3, size: { height: 12, width: 12 } };
  await writeFile(join(folder, "preprocessor_config.json"), JSON.stringify(config));
  const foreign = await read();
  expect(foreign.classifier.classNames).toEqual(["x", "y", "z"]);
  expect(foreign).toMatchObject({
    origin: "preprocessor_config.json",
    description: { mean: [0.4], interpolation: "bicubic" },
  });
  expect(notes).toContainEqual(
    "net: pixels: (x − 0.4) / 0.3, for x in [0, 1], from preprocessor_config.json",
  );

  await writeModelFile(path, modelFromGraph(signed.graph));
  const normalised = await read();
  expect(normalised.origin).toContain("its graph, which begins with (x − 0.5) / 0.5");
  expect(normalised.description).toEqual({
    range: 1,
    size: [12, 12],
    fit: "stretch",
    interpolation: "bicubic",
  });

  await writeFile(join(folder, "net.yaml"), "mean: [0.2]\nstd: [0.1]\nlabels: names.txt\ncrop: 0.8\n");
  await writeFile(join(folder, "names.txt"), "one\ntwo\nthree\n");
  const described = await read();
  expect(described.classifier.classNames).toEqual(["one", "two", "three"]);
  expect(described.description).toEqual({ mean: [0.2], std: [0.1], labels: "names.txt", crop: 0.8 });
  expect(notes.at(-2)).toMatch(/its graph already begins with \(x − 0\.5\) \/ 0\.5;.*on top/);
  const amended = await read({ std: [0.5], crop: 1 });
  const model = { name: "net", classifier: described.classifier, reading: described };
  const { dataset } = await openSample({ data: join(root, "photos") }, 0, [model], terminal);
  expect(dataset.source).toMatchObject({ fit: { cropFraction: 0.8, height: 12 } });
  expect(amended).toMatchObject({ origin: "the options", description: { mean: [0.2], std: [0.5], crop: 1 } });
});

test("preprocessing in words and in options", () => {
  expect(describeReading({ range: 1, crop: 0.875, interpolation: "bicubic" }, "x.yaml")).toBe(
    "x unchanged, for x in [0, 1], from x.yaml; cropped to the centre, 0.875 of the scaled side; scaled bicubically",
  );
  const caffe = { mean: [0.4076, 0.458, 0.485], range: 255, channelOrder: "BGR" } as const;
  expect(describePreprocessing(caffe)).toBe(
    "255 · (x − [0.4076, 0.458, 0.485]), for x in [0, 1], blue first",
  );
  expect(preprocessingFlags(caffe)).toBe("--mean 0.4076,0.458,0.485 --pixel-range 255 --channel-order bgr");
  expect([describePreprocessing({}), preprocessingFlags({})]).toEqual([
    "x unchanged, for x in [0, 1]",
    "--pixel-range 1",
  ]);
});
