import { describe, expect, test } from "vitest";
import { UsageError } from "../errors/index.js";
import { openDataset } from "./index.js";
import { choosePart, chooseSplit, dealPart, nameOfSplit, splitOfFolder, type Split } from "./splits.js";

const place = { place: "photos" };

describe("names of splits", () => {
  // Given by the owner, then for train, val and test: what the dataset calls it and what the owner calls it.
  test.each<[Split[], ...(string | undefined)[]]>([
    [["train"], "train train", undefined, undefined],
    [["val"], undefined, "test val", "test val"],
    [["test"], undefined, "test test", "test test"],
    [["train", "val"], "train train", "test val", "test val"],
    [["train", "test"], "train train", "test test", "test test"],
    [["val", "test"], undefined, "val val", "test test"],
    [["train", "val", "test"], "train train", "val val", "test test"],
  ])("where the owner gives %j", (given, ...expected) => {
    const found = ["train", "val", "test"].map((asked) => {
      try {
        const { split, owners } = chooseSplit(asked, given, place);
        expect(nameOfSplit(owners, given)).toBe(split);
        return `${split} ${owners}`;
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
        return undefined;
      }
    });
    expect(found).toEqual(expected);
  });

  test("an unknown split is an error that lists the available ones as they can be requested", () => {
    const message = (...given: Split[]): unknown => {
      try {
        return chooseSplit("all", given, place);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(message("train")).toMatch(/has no split "all"[^]*It has train\./);
    expect(message("train", "val")).toMatch(/It has train and test\./);
    expect(message("train", "val", "test")).toMatch(/It has train, val and test\./);
  });

  test("folders are recognised by the usual split names", () => {
    expect(["Training_Set", "valid", "TEST", "tests"].map(splitOfFolder)).toEqual([
      "train",
      "val",
      "test",
      undefined,
    ]);
  });
});

describe("images without splits", () => {
  const labels = Int32Array.from({ length: 20 }, (_, i) => i % 2);
  const images = { labels, classNames: ["cat", "dog"] };
  const source = { place: "photos", lack: "It has no splits", images: "images", stream: "a" } as const;
  const of = (split: Split | undefined): { splits: (Split | undefined)[] } & typeof images => ({
    ...images,
    splits: Array.from(labels, () => split),
  });

  test("a fifth is the test set, val means it, and both make up all", () => {
    const [train, val, test_, all] = ["train", "val", "test", "all"].map((asked) =>
      dealPart(images, asked, source, {}),
    );
    expect([train!.split, val!.split, test_!.split, all!.split]).toEqual(["train", "test", "test", "all"]);
    expect(val).toEqual(test_);
    expect([train!.chosen.length, test_!.chosen.length]).toEqual([16, 4]);
    expect([...train!.chosen, ...test_!.chosen].sort((a, b) => a - b)).toEqual([...all!.chosen]);
    expect(Array.from(test_!.chosen, (i) => labels[i]!).sort()).toEqual([0, 0, 1, 1]);
    expect(() => dealPart(images, "holdout", source, { whole: true })).toThrow(/no split "holdout"/);
  });

  test("from a training set alone, a test set is dealt only if the source says so, even for an evaluation", () => {
    expect(() => choosePart(of("train"), "test", source, {})).toThrow(UsageError);
    const dealing = { ...source, dealsTraining: true };
    const held = choosePart(of("train"), "test", dealing, { whole: true });
    expect([held.split, held.chosen.length]).toEqual(["test", 4]);
    expect(choosePart(of(undefined), "test", dealing, { whole: true }).split).toBe("all");
    expect(choosePart(of("val"), "test", dealing, {}).chosen.length).toBe(20);
  });
});

describe("sources with files for each split", () => {
  test.each(["mnist", "flowers"])("%s: val means the test set, and there is no other", async (name) => {
    const options = { perClass: 1, size: { height: 8, width: 8 } };
    expect((await openDataset(`${name}:val`, options)).split).toBe("test");
    await expect(openDataset(`${name}:all`, options)).rejects.toThrow(
      /has no split "all"[^]*It has train and test/,
    );
    await expect(openDataset(name, { ...options, split: "holdout" })).rejects.toThrow(/no split "holdout"/);
  });
});
