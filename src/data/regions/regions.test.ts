import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plainPicture, tarOf } from "../../../test/archives.js";
import {
  NONE,
  SQUARE,
  drawn,
  folder,
  inFolderOfPictures,
  maskOf,
  object,
  put,
  xml,
} from "../../../test/regions.js";
import { checkData, openDataset } from "../index.js";

inFolderOfPictures();

describe("regions of a dataset", () => {
  test("prefer a mask to a box, and the table's box to the annotation's", async () => {
    await put("boxes.csv", "file,x,y,width,height\ncat/1.png,3,0,1,1\ncat/2.png,3,0,1,1\n");
    await put(
      "masks/cat/1.png",
      await drawn("....1.......", ...Array<string>(7).fill("............"))
        .png()
        .toBuffer(),
    );
    for (const name of ["cat/1", "cat/2", "dog/1"])
      await put(`Annotation/${name}.xml`, xml(object([5, 0, 6, 1])));
    const all = await openDataset(`${folder.path}:all`, SQUARE);
    const tops = [];
    for (const name of ["cat/1.png", "cat/2.png", "dog/1.png"]) tops.push((await maskOf(all, name))[0]);
    expect(tops).toEqual(["..1.....", ".1......", "...1...."]);
    expect(all.regions!.source).toBe("mask-and-box");
    expect(all.description).toContain("Key regions: masks for 1, boxes for 2 of its 4 images.");
  });

  test("are absent if no files lie beside the pictures, and change the fingerprint if some do", async () => {
    const before = await openDataset(`${folder.path}:all`, SQUARE);
    expect([before.mask, before.hasMask, before.regions]).toEqual([undefined, undefined, undefined]);
    expect(before.description).not.toContain("Key regions");
    const seen = new Set<string>();
    for (const box of ["1,1,2,2", "1,1,2,3"]) {
      await put("boxes.csv", `file,x,y,width,height\ncat/1.png,${box}\n`);
      seen.add(await (await openDataset(`${folder.path}:all`, SQUARE)).regions!.fingerprint());
    }
    for (const dot of ["1", "2"]) {
      await put("masks/cat/1.png", await drawn(`${dot}..`, "...").png().toBuffer());
      seen.add(await (await openDataset(`${folder.path}:all`, SQUARE)).regions!.fingerprint());
    }
    expect(seen.size).toBe(4);
  });

  test("lie beside a table of pictures; a part without any has none", async () => {
    await put(
      "table.csv",
      "path,label,split\ncat/1.png,a,train\ncat/2.png,a,test\ndog/1.png,b,train\ndog/2.png,b,test\n",
    );
    await put("boxes.csv", "file,x,y,width,height\ncat/2.png,2,0,1,1\n");
    const test = await openDataset(`${join(folder.path, "table.csv")}:test`, SQUARE);
    expect(await maskOf(test, "cat/2.png")).toEqual(["1.......", ...NONE.slice(1)]);
    expect((await openDataset(`${join(folder.path, "table.csv")}:train`, SQUARE)).mask).toBeUndefined();
  });

  test("lie beside an archive", async () => {
    const red = await plainPicture(255, 0, 0);
    const bytes = await tarOf({ "cat/1.png": red, "cat/2.png": red, "fox/1.png": red });
    await writeFile(join(folder.path, "pictures.tar"), bytes);
    await put("boxes.csv", "file,x,y,width,height\nfox/1.png,0,0,5,7\n");
    const all = await openDataset(`${join(folder.path, "pictures.tar")}:all`, {
      size: { height: 7, width: 9 },
    });
    expect(await maskOf(all, "fox/1.png")).toEqual(Array<string>(7).fill("11111...."));
  });

  test("are counted by a check, which reports lines without a picture and regions outside the crop", async () => {
    await put(
      "boxes.csv",
      "file,x,y,width,height\ncat/1.png,3,0,1,1\ndog/2.png,0,0,2,8\npets/dog/1.png,1,1,1,1\n",
    );
    const { check } = await checkData(folder.path, { open: SQUARE });
    expect(check.regions).toEqual({ images: 1, sources: ["box"] });
    const said = check.suspicious.map(({ where, problem }) => `${where} ${problem}`);
    expect(said).toContain("boxes.csv names 1 file that is not in the dataset (pets/dog/1.png)");
    expect(said).toContain("dog/2.png has a key region that lies entirely outside the cropped image");
    await rm(join(folder.path, "boxes.csv"));
    await put("masks/cat/1.png", await drawn("1.").png().toBuffer());
    await put("Annotation/cat/1.xml", xml(object([1, 1, 2, 2])));
    const plain = (await checkData(folder.path)).check.suspicious.map(
      ({ where, problem }) => `${where} ${problem}`,
    );
    expect(plain.filter((each) => /masks|Annotation/.test(each) && !each.includes("usable"))).toEqual([]);
  });
});
