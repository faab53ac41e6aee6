import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { plainPicture, tarOf } from "../../../test/archives.js";
import { InputError, UsageError } from "../../errors/index.js";
import { checkData, openDataset, type Dataset } from "../index.js";

const META = fileURLToPath(new URL("../../../test/fixtures/mat5/meta.mat", import.meta.url));
/** As meta.mat names classes 1, 2 and 3. */
const [FOX, TENCH, SHARK] = ["n02119789", "n01440764", "n01484850"];
const TRUTH = "3\n2\n2\n1\n3\n2\n";
const CLASSES = [SHARK, TENCH, TENCH, FOX, SHARK, TENCH];

let root = "";
beforeEach(async () => (root = await mkdtemp(join(tmpdir(), "holdfast-imagenet-"))));
afterEach(() => rm(root, { recursive: true }));

async function put(name: string, bytes: Uint8Array | string): Promise<string> {
  await mkdir(dirname(join(root, name)), { recursive: true });
  await writeFile(join(root, name), bytes);
  return join(root, name);
}
const fileOf = (number: number): string => `ILSVRC2012_val_${String(number).padStart(8, "0")}.JPEG`;
/** Nine wide and seven high, each of another colour. */
const picture = (number: number): Promise<Buffer> => plainPicture(40 * number, 0, 0);

async function putFolder(prefix: string): Promise<void> {
  for (let i = 1; i <= 6; i++) await put(`${prefix}${fileOf(i)}`, await picture(i));
}
async function putTar(name = "ILSVRC2012_img_val.tar", prefix = ""): Promise<string> {
  const files: Record<string, Buffer> = {};
  for (let i = 1; i <= 6; i++) files[`${prefix}${fileOf(i)}`] = await picture(i);
  return put(name, await tarOf(files));
}

/** Class by number of the picture, from the pixels that are read. */
async function classesOf(dataset: Dataset): Promise<Record<number, string>> {
  const found: Record<number, string> = {};
  const out = new Float32Array(dataset.channels * dataset.height * dataset.width);
  for (let i = 0; i < dataset.length; i++) {
    await dataset.read(i, out);
    found[Math.round((out[0]! * 255) / 40)] = dataset.classNames[dataset.labels[i]!]!;
  }
  return found;
}
const EXPECTED = Object.fromEntries(CLASSES.map((name, i) => [i + 1, name]));
const size = { size: { height: 7, width: 9 } };

const SOLUTION = `ImageId,PredictionString\n${CLASSES.map(
  (name, i) =>
    `ILSVRC2012_val_${String(i + 1).padStart(8, "0")},${name} ${i} 0 ${i + 3} 2 ${i === 1 ? `${name} 0 5 1 7 ` : ""}\n`,
).join("")}`;

/** Ways in which the classes lie beside. */
const WAYS: readonly (readonly [string, (beside: string) => Promise<void>])[] = [
  [
    "the unpacked development kit",
    async (beside) => {
      await put(`${beside}ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt`, TRUTH);
      await cp(META, join(root, `${beside}ILSVRC2012_devkit_t12/data/meta.mat`));
    },
  ],
  [
    "its two files",
    async (beside) => {
      await put(`${beside}ILSVRC2012_validation_ground_truth.txt`, TRUTH.replaceAll("\n", "\r\n"));
      await cp(META, join(root, `${beside}meta.mat`));
    },
  ],
  [
    "map_clsloc.txt instead of meta.mat",
    async (beside) => {
      await put(`${beside}ILSVRC2012_validation_ground_truth.txt`, TRUTH);
      await put(
        `${beside}map_clsloc.txt`,
        `${FOX} 1 kit_fox\n${TENCH} 2 tench\n${SHARK} 3 great_white_shark\n`,
      );
    },
  ],
  ["Kaggle's table", async (beside) => void (await put(`${beside}LOC_val_solution.csv`, SOLUTION))],
];

describe.each(WAYS)("validation pictures in one folder, with labels from %s", (_, putTruth) => {
  test("in a tar, used as the held-out split", async () => {
    const path = await putTar();
    await putTruth("");
    for (const split of ["test", "val", "all"]) {
      const dataset = await openDataset(`${path}:${split}`, size);
      expect(await classesOf(dataset)).toEqual(EXPECTED);
      expect([dataset.split, dataset.classNames]).toEqual([
        split === "all" ? "all" : "test",
        [TENCH, SHARK, FOX],
      ]);
    }
    await expect(openDataset(path, size)).rejects.toThrow(/has no split "train"/);
    const some = await openDataset(`${path}:test`, { ...size, classes: [FOX, SHARK] });
    expect(await classesOf(some)).toEqual({ 1: SHARK, 4: FOX, 5: SHARK });
    await expect(openDataset(`${path}:test`, { classes: [FOX, "n01484851"] })).rejects.toThrow(
      /has no class "n01484851"[^]*n01484850/,
    );
    const { check } = await checkData(path, { open: { classes: [FOX, SHARK] } });
    expect(check.splits).toEqual([{ name: "test", images: 3 }]);
    expect(check.suspicious.filter(({ problem }) => /without a class|beside/.test(problem))).toEqual([]);
  });

  test("in a folder inside a tar", async () => {
    const path = await putTar("val.tar", "ILSVRC2012_img_val/");
    await putTruth("");
    expect(await classesOf(await openDataset(`${path}:test`, size))).toEqual(EXPECTED);
  });

  test("in a folder, used as the held-out split", async () => {
    await putFolder("pictures/");
    await putTruth("");
    const folder = join(root, "pictures");
    for (const split of ["test", "val", "all"]) {
      const dataset = await openDataset(`${folder}:${split}`, size);
      expect([await classesOf(dataset), dataset.split]).toEqual([EXPECTED, split === "all" ? "all" : "test"]);
    }
    await expect(openDataset(folder, size)).rejects.toThrow(UsageError);
    const some = await openDataset(`${folder}:test`, { ...size, classes: [FOX, SHARK] });
    expect(await classesOf(some)).toEqual({ 1: SHARK, 4: FOX, 5: SHARK });
    const { check } = await checkData(folder, { open: { classes: [FOX, SHARK] } });
    expect(check.splits).toEqual([{ name: "test", images: 3 }]);
    expect(check.suspicious.filter(({ problem }) => /folders of the classes/.test(problem))).toEqual([]);
  });

  test("in val/ beside a train/ with class folders: both share their labels", async () => {
    await putFolder("val/");
    for (const name of [TENCH, "n01443537"]) await put(`train/${name}/${name}_1.png`, await picture(1));
    await putTruth("");
    const [train, held] = [await openDataset(root, size), await openDataset(`${root}:test`, size)];
    expect(train.classNames).toEqual([TENCH, "n01443537", SHARK, FOX]);
    expect(held.classNames).toEqual(train.classNames);
    expect(await classesOf(held)).toEqual(EXPECTED);
    expect(held.fileName(0)).toBe(join("val", fileOf(2)));
  });
});

describe("Kaggle's table", () => {
  test("also gives boxes: in a tar, and where Kaggle unpacks it", async () => {
    const path = await putTar("tars/val.tar");
    await putFolder("ILSVRC/Data/CLS-LOC/val/");
    await put("tars/LOC_val_solution.csv", SOLUTION);
    await put("LOC_val_solution.csv", SOLUTION);
    const kaggle = join(root, "ILSVRC", "Data", "CLS-LOC");
    for (const data of [path, kaggle]) {
      const dataset = await openDataset(`${data}:test`, size);
      expect([dataset.regions?.source, dataset.description]).toEqual([
        "box",
        expect.stringContaining("Key regions: boxes for 6 of its 6 images."),
      ]);
      const index = Array.from({ length: 6 }, (_, i) => dataset.fileName(i)).findIndex((name) =>
        name.endsWith(fileOf(2)),
      );
      const mask = new Uint8Array(63);
      await dataset.mask!(index, mask);
      const marked = [...mask.keys()].filter((i) => mask[i] === 1);
      expect(marked).toEqual([1, 2, 3, 10, 11, 12, 45, 54]);
    }
  });

  test.each([
    ["ImageId,Class\nILSVRC2012_val_00000001,1\n", /has the columns imageid, class/],
    [
      "ImageId,PredictionString\nILSVRC2012_val_1,n01440764 1 1 2 2\n",
      /line 2: has "ILSVRC2012_val_1" instead of an image name/,
    ],
    ["ImageId,PredictionString\nILSVRC2012_val_00000001,n01440764 1 1 2\n", /line 2: has 4 words/],
    [
      "ImageId,PredictionString\nILSVRC2012_val_00000001,n01440764 1 1 NaN 2\n",
      /line 2: has the edges 1 1 NaN 2/,
    ],
    [
      "ImageId,PredictionString\nILSVRC2012_val_00000001,<script> 1 1 2 2\n",
      /line 2: has "<script>", not a WordNet id/,
    ],
    [
      "ImageId,PredictionString\nILSVRC2012_val_00000001,n01440764 1 1 2 2 n01484850 1 1 2 2\n",
      /of two classes/,
    ],
  ])("%s is refused", async (text, words) => {
    await put("LOC_val_solution.csv", text);
    await expect(openDataset(`${await putTar()}:test`)).rejects.toThrow(words);
  });
});

describe("unknown classes", () => {
  const refusal = async (spec: string): Promise<string> => {
    const error = await openDataset(spec).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  };
  const both = async (): Promise<string[]> => {
    await putFolder("pictures/");
    return [
      `${await putTar()}:test`,
      `${join(root, "pictures")}:test`,
      `${await putTar("in.tar", "val/")}:test`,
    ];
  };

  test("the error says what is missing and which files would help", async () => {
    for (const spec of await both()) {
      expect(await refusal(spec)).toMatch(
        /00000001\.JPEG: is one of ImageNet's validation images in [^]*ground_truth\.txt and meta\.mat \(or map_clsloc\.txt\), or Kaggle's LOC_val_solution\.csv/,
      );
    }
  });

  test("class names or lines are missing", async () => {
    const specs = await both();
    await put("ILSVRC2012_validation_ground_truth.txt", TRUTH);
    for (const spec of specs) expect(await refusal(spec)).toMatch(/neither meta\.mat nor map_clsloc\.txt/);
    await cp(META, join(root, "meta.mat"));
    await put("ILSVRC2012_validation_ground_truth.txt", "3\n2\n2\n");
    for (const spec of specs)
      expect(await refusal(spec)).toMatch(/has 3 lines, but none for ILSVRC2012_val_00000004/);
  });

  test.each([
    ["1\n2\n-3\n", /line 3: is "-3", not a class number/],
    ["1\n\n3\n", /line 2: is ""/],
    ["1\nNaN\n3\n", /line 2: is "NaN"/],
    ["1\n2\n9\n1\n1\n1\n", /line 3: has class 9, which .*meta\.mat does not name/],
  ])("for the truth %j", async (text, words) => {
    const path = await putTar();
    await put("ILSVRC2012_validation_ground_truth.txt", text);
    await cp(META, join(root, "meta.mat"));
    expect(await refusal(`${path}:test`)).toMatch(words);
  });

  test.each([
    [
      "synset_words.txt",
      "n01440764 tench, Tinca tinca\n",
      /line 1: is "n01440764 tench, Tinca tinca", not a line such as/,
    ],
    ["map_clsloc.txt", "n01440764 1 tench\nn01484850 1 shark\n", /names class 1 twice/],
    ["map_clsloc.txt", "../../etc 1 tench\n", /not a line such as n02119789 1 kit_fox/],
    ["meta.mat", "no MAT file", /is not a MAT-5 file/],
  ])("for %s with %j", async (name, text, words) => {
    const path = await putTar();
    await put("ILSVRC2012_validation_ground_truth.txt", TRUTH);
    await put(name, text);
    expect(await refusal(`${path}:test`)).toMatch(words);
  });

  test("nothing is reported for pictures sorted into folders, or for other data", async () => {
    await put("ILSVRC2012_validation_ground_truth.txt", "rubbish");
    for (const name of ["fish", "fox"]) await put(`sorted/${name}/${fileOf(name.length)}`, await picture(1));
    const sorted = await openDataset(`${join(root, "sorted")}:all`, size);
    expect(sorted.classNames).toEqual(["fish", "fox"]);
    const red = await picture(1);
    const path = await put(
      "sorted.tar",
      await tarOf({ [`fish/${fileOf(1)}`]: red, [`fox/${fileOf(2)}`]: red }),
    );
    expect((await openDataset(`${path}:all`, size)).classNames).toEqual(["fish", "fox"]);
  });
});
