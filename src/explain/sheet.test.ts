import { parseXml } from "@rgrove/parse-xml";
import sharp from "sharp";
import { expect, test } from "vitest";
import { imagePicture, overlayPicture, sheetPng, sheetSvg } from "./index.js";

const shape = { channels: 3, height: 32, width: 32 };
const gray = new Float32Array(3 * 32 * 32).fill(0.5);

test("an overlay is dark where the map is 0 and bright where it is greatest, at the image's own place", async () => {
  const data = new Float32Array(16);
  data[3] = 5;
  const picture = await overlayPicture(gray, shape, { data, height: 4, width: 4 });
  const { data: pixels, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([224, 224]);
  const at = (x: number, y: number): number => pixels[3 * (y * info.width + x)]!;
  expect(at(215, 8)).toBeGreaterThan(200);
  expect(at(8, 215)).toBeLessThan(110);
});

test("a map of zeros shows the image, darkened alike everywhere", async () => {
  const picture = await overlayPicture(gray, shape, { data: new Float32Array(4), height: 2, width: 2 });
  const { channels } = await sharp(picture).stats();
  for (const { min, max } of channels) expect(max - min).toBe(0);
});

test("a sheet is XML whatever the classes are called, and shows what the model says", async () => {
  const picture = await imagePicture(gray, shape);
  const row = { said: ["predicted: <b>&\u0000", "99.0 %"], pictures: [picture, picture] };
  const svg = sheetSvg({
    title: "a & b",
    columns: ["image", "Grad-CAM"],
    rows: [
      { ...row, name: "clean", right: true },
      { ...row, name: "PGD", right: false },
    ],
  });
  expect(() => parseXml(svg)).not.toThrow();
  expect(svg).toContain("predicted: &lt;b&gt;&amp;");
  expect(svg.match(/#1a7f37/g)).toHaveLength(2);
  expect(svg.match(/#b42318/g)).toHaveLength(2);
  const png = await sheetPng(svg);
  if (png !== undefined) expect((await sharp(png).metadata()).width).toBe(168 + 2 * 232 + 8);
});
