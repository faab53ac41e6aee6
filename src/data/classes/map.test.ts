import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dataset } from "../dataset/index.js";
import { imageNetClasses } from "../imagenet/index.js";
import { lookUpClasses, type ModelClasses } from "./lookup.js";
import { mapOntoModel, readClassMap } from "./map.js";

let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "holdfast-map-"))));
afterAll(() => rm(folder, { recursive: true }));

const nameless = (outputs: number): ModelClasses => ({
  classNames: Array.from({ length: outputs }, (_, k) => String(k)),
  unnamed: true,
});
/** Image i is of class i. */
const data = (...classNames: string[]): Dataset => ({
  name: "photos",
  split: "test",
  length: classNames.length,
  channels: 3,
  height: 1,
  width: 1,
  classNames,
  labels: Int32Array.from(classNames.keys()),
  fileName: String,
  read: () => {},
});
const labels = (model: ModelClasses, ...classNames: string[]): number[] => [
  ...mapOntoModel("m", model, data(...classNames)).dataset.labels,
];

test("ImageNet's classes are in output order", () => {
  const classes = imageNetClasses();
  expect(classes).toHaveLength(1000);
  expect([0, 217, 482, 566].map((k) => [classes[k]!.wordNetId, classes[k]!.names[0]])).toEqual([
    ["n01440764", "tench"],
    ["n02102040", "English springer"],
    ["n02979186", "cassette player"],
    ["n03394916", "French horn"],
  ]);
  expect(classes[0]!.names).toEqual(["tench", "Tinca tinca"]);
  expect(new Set(classes.map(({ names: [name] }) => name)).size).toBe(1000);
});

describe("a subset of a model's classes", () => {
  test("by WordNet id or ImageNet name, for a model of a thousand outputs", () => {
    expect(labels(nameless(1000), "n01440764", "n02102040")).toEqual([0, 217]);
    expect(labels(nameless(1000), "French_horn", "Tinca tinca", "n02102040-English_springer")).toEqual([
      566, 0, 217,
    ]);
    const { pairs, assumed, dataset } = mapOntoModel("m", nameless(1000), data("n02979186", "tench"));
    expect([pairs, assumed]).toEqual([
      [
        { name: "n02979186", output: 482 },
        { name: "tench", output: 0 },
      ],
      true,
    ]);
    expect([dataset.classNames.length, dataset.classNames[482]]).toEqual([1000, "cassette player"]);
  });

  test("behind a background class", () => {
    expect(labels(nameless(1001), "n01440764", "n02102040")).toEqual([1, 218]);
  });

  test("by the model's names in any case, by one of several names, and across ImageNet's ids and names", () => {
    const pets = { classNames: ["cat", "Dog", "great_white shark"] };
    expect(labels(pets, "dog", "Great-white shark")).toEqual([1, 2]);
    const google = { classNames: ["goldfish, Carassius auratus", "tench, Tinca tinca", "zebra"] };
    expect(labels(google, "tench", "goldfish")).toEqual([1, 0]);
    expect(labels(google, "n01440764", "n01443537")).toEqual([1, 0]);
    expect(labels({ classNames: ["n01443537", "n01440764", "x"] }, "tench", "goldfish")).toEqual([1, 0]);
  });

  test("by number, for a model without names", () => {
    expect(labels(nameless(10), "7", "3")).toEqual([7, 3]);
  });

  test("a thousand folders in alphabetical order are put in the model's order", () => {
    const names = imageNetClasses().map(({ names: [name] }) => name);
    const sorted = [...names].sort();
    expect(labels(nameless(1000), ...sorted)).toEqual(sorted.map((name) => names.indexOf(name)));
  });

  test("classes in another order are put in the model's, unless the user gave an order", () => {
    const model = { classNames: ["cat", "dog"] };
    expect(labels(model, "dog", "cat")).toEqual([1, 0]);
    const stated = { ...data("dog", "cat"), classesStated: true };
    expect(mapOntoModel("m", model, stated)).toEqual({ dataset: stated });
  });

  test("class k stays at output k if it already matches, or if as many classes have unknown names", () => {
    for (const [model, ...names] of [
      [nameless(2), "a", "b"],
      [{ classNames: ["a", "b"] }, "a", "b"],
      [{ classNames: ["a", "b"] }, "0", "1"],
      [nameless(1000), ...nameless(1000).classNames],
      [{ classNames: ["a", "b"] }, "x", "y"],
    ] as [ModelClasses, ...string[]][]) {
      const dataset = data(...names);
      expect(mapOntoModel("m", model, dataset)).toEqual({ dataset });
    }
  });

  test("a class without images need not be known", () => {
    const dataset = { ...data("dog", "wolf"), labels: Int32Array.of(0, 0) };
    expect([...mapOntoModel("m", { classNames: ["cat", "x", "dog"] }, dataset).dataset.labels]).toEqual([
      2, 2,
    ]);
  });
});

describe("an impossible mapping is an error that shows both lists", () => {
  const refusal = (model: ModelClasses, ...names: string[]): string => {
    try {
      mapOntoModel("m", model, data(...names));
      return "mapped";
    } catch (error) {
      return (error as Error).message;
    }
  };

  test("unknown classes", () => {
    const said = refusal({ classNames: ["cat", "dog", "eel, moray"] }, "cat", "wolf");
    expect(said).toContain('m: has 3 classes and photos has 2, and it has no class "wolf"');
    expect(said).toMatch(
      / {4}the model's +the data's\n {4}0 cat +0 cat\n {4}1 dog +1 wolf\n {4}2 eel, moray\n/,
    );
    expect(said).toContain("--class-map map.csv (a header, then lines such as wolf,cat)");
  });

  test("a model without names", () => {
    expect(refusal(nameless(12), "cat", "wolf")).toMatch(/does not name its classes[^]*… +\n|--labels/);
    expect(refusal(nameless(12), "cat", "wolf")).toMatch(/3 3\n {4}…\n {4}10 10\n {4}11 11\n/);
    expect(refusal(nameless(1000), "cat", "zebra")).toContain("ImageNet's, from its number of outputs");
  });

  test("a name shared by two classes", () => {
    expect(refusal(nameless(1000), "crane", "zebra")).toContain('"crane" may be any of its outputs 134, 517');
    expect(lookUpClasses(nameless(1000)).outputsOf("n02012849")).toEqual([134]);
  });

  test("two classes for one output", () => {
    expect(refusal(nameless(1000), "tench", "n01440764")).toContain('both "tench" and "n01440764"');
  });
});

describe("a class map", () => {
  const write = async (text: string): Promise<string> => {
    const path = join(folder, "map.csv");
    await writeFile(path, text);
    return path;
  };
  const mapped = async (text: string, model: ModelClasses, ...names: string[]): Promise<Dataset> =>
    mapOntoModel("m", model, data(...names), await readClassMap(await write(text))).dataset;

  test("names outputs by name or number; several classes may share an output", async () => {
    const model = { classNames: ["cat", "dog", "7"] };
    const dataset = await mapped("folder,output\nwolf,dog\nfox,1\nseven,7\n", model, "fox", "seven", "wolf");
    expect([...dataset.labels]).toEqual([1, 2, 1]);
    const named = await mapped("folder,output\nwolf,1\nfox,1\n", nameless(3), "fox", "wolf");
    expect(named.classNames).toEqual(["0", "fox or wolf", "2"]);
  });

  test("is named in its errors", async () => {
    const model = { classNames: ["cat", "dog", "eel"] };
    await expect(mapped("folder,output\nwolf,dogg\n", model, "wolf")).rejects.toThrow(
      /map\.csv: gives "wolf".*\n.*mean "dog"/,
    );
    await expect(mapped("folder,output\nwolf,3\n", model, "wolf")).rejects.toThrow(/does not have/);
    await expect(mapped("folder,output\nwolf,dog\n", model, "wolf", "fox")).rejects.toThrow(
      /no line for "fox"/,
    );
    await expect(mapped("folder,output\nwolf,dog\nwolf,cat\n", model, "wolf")).rejects.toThrow(
      /line 3: has the class "wolf" twice/,
    );
    await expect(mapped("folder,output,x\nwolf,dog,1\n", model, "wolf")).rejects.toThrow(/instead of two/);
  });
});
