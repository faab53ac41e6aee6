// docs/report.png from the demo's report: the answer, the curves and three pictures.
//   CHROMIUM=/usr/bin/chromium node scripts/picture.mjs [runs/demo/report.html] [docs/report.png]
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import sharp from "sharp";

const [report = "runs/demo/report.html", out = "docs/report.png"] = process.argv.slice(2);
const WIDTH = 1100;
const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: WIDTH, height: 900 } });
await page.goto(pathToFileURL(resolve(report)).href);
// A picture cannot be opened: without the tables behind the charts.
await page.addStyleTag({ content: "details { display: none }" });
const parts = [];
// Three pictures of the gallery, then everything else away.
await page.addStyleTag({ content: ".shot:nth-of-type(n + 4) { display: none }" });
for (const selector of ["#answer", "#charts .charts", "#examples .gallery"]) {
  parts.push(await page.locator(selector).first().screenshot());
}
await browser.close();
const sizes = await Promise.all(parts.map((part) => sharp(part).metadata()));
const MARGIN = 24;
let top = MARGIN;
const tiles = parts.map((input, i) => {
  const tile = { input, left: MARGIN, top };
  top += sizes[i].height + MARGIN;
  return tile;
});
const width = Math.max(...sizes.map((size) => size.width)) + 2 * MARGIN;
await sharp({ create: { width, height: top, channels: 3, background: "#ffffff" } })
  .composite(tiles)
  .png({ palette: true, colours: 64, compressionLevel: 9 })
  .toFile(out);
