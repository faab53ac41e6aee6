// What docs/reproduction.md is made from, out of a reproduction's folder: for each dataset its result, and attention
// maps of its first images without the photographs.
//   node scripts/keep-reproduction.mjs runs/small [docs/results]        after npm run build
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const [run, out = "docs/results"] = process.argv.slice(2);
if (run === undefined) throw new Error("name the folder: node scripts/keep-reproduction.mjs runs/small");
const IMAGES = 2;
const SETTINGS = ["clean", "white-box", "black-box"];
const read = async (name) => JSON.parse(await readFile(join(run, name), "utf8"));
const result = await read("reproduction.json");
const pictures = await read("pictures.json");

/** The radius of the paper's tables for transfer, what there is for the others. */
const shown = ({ setting, epsilon }) =>
  SETTINGS.includes(setting) && (setting !== "black-box" || epsilon === 0.25);

for (const dataset of result.datasets) {
  const maps = Object.fromEntries(
    Object.entries(pictures[dataset.id]).map(([model, images]) => [
      model,
      images.slice(0, IMAGES).map(({ label, inputs }) => ({
        label,
        inputs: inputs
          .filter(shown)
          .map((input) => ({ ...input, image: undefined, maps: input.maps.slice(-2) })),
      })),
    ]),
  );
  const write = (name, value) =>
    writeFile(join(out, `${name}-${dataset.id}.json`), `${JSON.stringify(value)}\n`);
  await write("reproduction", { ...result, datasets: [dataset] });
  await write("maps", maps);
}
