// Pictures for docs/reproduction.md from docs/results: the curves of Figure 3 as the report draws them, and the maps
// of Figures 1 and 4 side by side.
//   CHROMIUM=/usr/bin/chromium node scripts/reproduction-figures.mjs 17flowers [...]        after npm run build
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { formatEpsilon, heatmapOf } from "../dist/report/index.js";
import { titleOf } from "../dist/reproduction/report/tables.js";
import { renderReproduction } from "../dist/reproduction/index.js";

const FOLDER = "docs/results";
const read = async (name) => JSON.parse(await readFile(`${FOLDER}/${name}.json`, "utf8"));

async function curves(id, result) {
  const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  await page.setContent(await renderReproduction(result, {}));
  // A picture cannot be opened: without the tables behind the charts.
  await page.addStyleTag({ content: ".charts { padding: 1rem } .charts details { display: none }" });
  const picture = await page.locator(".charts").first().screenshot();
  await browser.close();
  await sharp(picture)
    .png({ palette: true, colours: 64, compressionLevel: 9 })
    .toFile(`${FOLDER}/curves-${id}.png`);
}

const SIDE = 64;
const GAP = 4;
const LABEL = 110;
const HEAD = 34;
const FOOT = 26;
const LEGEND = "In each pair the maps of the last two groups; brighter is more. † no better than a guess.";

/** A row a defence; for each image and input the last two groups' maps. */
async function maps(id, { datasets: [dataset] }) {
  const stored = await read(`maps-${id}`);
  const tiles = [];
  const texts = [];
  const say = (text, x, y) =>
    texts.push(`<text x="${x}" y="${y}" font-family="sans-serif" font-size="11" fill="#222">${text}</text>`);
  const rows = dataset.rows.filter(({ model }) => stored[model] !== undefined);
  let width = 0;
  for (const [r, row] of rows.entries()) {
    const top = HEAD + r * (SIDE + GAP);
    say(titleOf(dataset, row), 4, top + SIDE / 2 + 4);
    let left = LABEL;
    for (const { label, inputs } of stored[row.model]) {
      for (const input of inputs) {
        if (r === 0) {
          const name =
            input.setting === "clean" ? "clean" : `${input.setting} ${formatEpsilon(input.epsilon)}`;
          say(dataset.result.dataset.classNames[label], left, 14);
          say(name, left, 28);
        }
        for (const map of input.maps) {
          const [, data] = (await heatmapOf(map)).split(",");
          tiles.push({
            input: await sharp(Buffer.from(data, "base64")).resize(SIDE, SIDE).toBuffer(),
            left,
            top,
          });
          left += SIDE + 1;
        }
        left += GAP;
      }
      left += 2 * GAP;
    }
    width = Math.max(width, left);
  }
  const height = HEAD + rows.length * (SIDE + GAP) + FOOT;
  say(LEGEND, 4, height - 8);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${texts.join("")}</svg>`;
  await sharp({ create: { width, height, channels: 3, background: "#ffffff" } })
    .composite([...tiles, { input: Buffer.from(svg), left: 0, top: 0 }])
    .png({ palette: true, colours: 128, compressionLevel: 9 })
    .toFile(`${FOLDER}/maps-${id}.png`);
}

for (const id of process.argv.slice(2)) {
  const result = await read(`reproduction-${id}`);
  await curves(id, result);
  await maps(id, result);
}
