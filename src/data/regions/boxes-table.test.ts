import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { NONE, SQUARE, folder, inFolderOfPictures, maskOf, put } from "../../../test/regions.js";
import { openDataset } from "../index.js";

inFolderOfPictures();

describe("boxes.csv", () => {
  test("has several boxes per picture, in its pixels, clipped at its edges", async () => {
    await put(
      "boxes.csv",
      "file,x,y,width,height\ncat/1.png,3,1,2,2\n./cat/1.png,8,6,90,90\ndog/2.png,-5,-5,9,6.4\n",
    );
    const all = await openDataset(`${folder.path}:all`, SQUARE);
    expect(await maskOf(all, "cat/1.png")).toEqual([
      "........",
      ".11.....",
      ".11.....",
      ...NONE.slice(3, 6),
      "......11",
      "......11",
    ]);
    expect(await maskOf(all, "dog/2.png")).toEqual(["11......", ...NONE.slice(1)]);
    expect([all.regions!.source, all.description]).toEqual([
      "box",
      expect.stringContaining("Key regions: boxes for 2 of its 4 images."),
    ]);
  });

  test.each([
    ["cat/1.png,NaN,1,2,2", /line 2: has "NaN" for x, which is not a number/],
    ["cat/1.png,1,1,Infinity,2", /line 2: has "Infinity" for width/],
    ["cat/1.png,1,1,2,", /line 2: has "" for height/],
    ["cat/1.png,1,1,2,-3", /line 2: has a box of 2 × -3 pixels/],
    ["../cat/1.png,1,1,2,2", /line 2: "..\/cat\/1.png" leads out of the folder/],
    ["cat/1.png,1,1,2", /Invalid Record Length/],
  ])("%s is refused", async (line, words) => {
    await put("boxes.csv", `file,x,y,width,height\n${line}\n`);
    await expect(openDataset(folder.path)).rejects.toThrow(words);
  });

  test("is refused with other columns, unless it is the table of pictures", async () => {
    await put("boxes.csv", "file,left,top\ncat/1.png,1,2\n");
    await expect(openDataset(folder.path)).rejects.toThrow(
      /columns file, left, top; it needs file, x, y, width/,
    );
    await put("boxes.csv", "file,label\ncat/1.png,a\ncat/2.png,a\ndog/1.png,b\ndog/2.png,b\n");
    expect((await openDataset(`${join(folder.path, "boxes.csv")}:all`)).mask).toBeUndefined();
  });
});
