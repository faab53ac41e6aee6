// The paper's own setting on this machine: ResNet-101 and -152 at 224 × 224 on real photographs, a few training steps
// each, transfer and white-box attacks on a few images, and the projected time of the whole preset `paper`. From random
// weights: published ones change no time.
//   node bench/paper-setting.mjs path/to/17flowers [out]        after npm run build; BATCH, STEPS, IMAGES, THREADS
import { availableParallelism } from "node:os";
import { estimateSeconds, measureSpeeds } from "../dist/reproduction/estimate.js";
import { describeDataset, planReproduction, PRESETS, reproduce } from "../dist/reproduction/index.js";
import { selectPieces } from "../dist/reproduction/select.js";
import { openStore } from "../dist/reproduction/store.js";

const [data, out = "runs/paper-setting"] = process.argv.slice(2);
if (data === undefined)
  throw new Error("name the folder of a dataset: node bench/paper-setting.mjs 17flowers/");
const number = (name, otherwise) => Number(process.env[name] ?? otherwise);
const threads = number("THREADS", availableParallelism());
const batchSize = number("BATCH", 8);
const steps = number("STEPS", 3);
const images = number("IMAGES", 16);
const { paper } = PRESETS;
const described = await describeDataset(data, { size: { height: paper.size, width: paper.size } });
const hours = (seconds) => `${(seconds / 3600).toFixed(1)} h`;
const peak = () => `${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`;

const whole = planReproduction({ ...paper, initialised: false }, [described]);
const seconds = await estimateSeconds(whole, openStore(out), await measureSpeeds(whole, threads));
const sum = (pieces) => pieces.reduce((total, { key }) => total + seconds.get(key), 0);
for (const kind of ["train", "craft", "transfer", "white-box", "measure"]) {
  console.log(`projected ${kind}: ${hours(sum(whole.pieces.filter((piece) => piece.kind === kind)))}`);
}
for (const count of [1, 2, 8]) {
  const shards = Array.from({ length: count }, (_, i) => {
    const { pieces, others } = selectPieces(whole, { part: "all", shard: { index: i + 1, count } });
    return sum(pieces.filter(({ key }) => !others.has(key)));
  });
  console.log(`projected on ${count} of this machine: ${hours(Math.max(...shards))}`);
}

// The same pieces, cut short: the AT+ALP and the undefended networks, one transfer set of each source.
const preset = {
  ...paper,
  name: "paper-setting",
  initialised: false,
  recipes: paper.recipes.filter(({ name }) => ["undefended", "at-alp"].includes(name)),
  training: {
    ...paper.training,
    batchSize,
    epochs: (steps * batchSize) / described.counts.train,
    epsilonWarmup: 0,
    validation: { images: 0, every: 1, steps: 1 },
    logEvery: 1,
  },
  crafts: [{ epsilon: 0.25, iterations: [2, 4] }],
  whiteBox: [{ epsilon: 8 / 255, steps: 4 }],
  measured: { epsilons: [0.25], whiteBox: { epsilon: 8 / 255, steps: 2 }, pictures: 1 },
  limit: images,
  batchSize: Math.min(8, images),
};
const plan = planReproduction(preset, [{ ...described, validationSplit: null }]);
let last = performance.now();
let times = [];
await reproduce(
  plan,
  { part: "all", out, threads, tool: { name: "holdfast", version: "bench" } },
  {
    onEvent(event) {
      const now = performance.now();
      if (event.type === "progress") times.push(now - last);
      if (event.type === "finished") {
        // The first step compiles.
        const rest = times.slice(1).sort((a, b) => a - b);
        const step = event.piece.kind === "train" && rest.length > 0 ? rest[rest.length >> 1] : undefined;
        console.log(
          `${event.piece.title}: ${event.seconds.toFixed(0)} s` +
            (step === undefined ? "" : `, ${(step / 1000).toFixed(1)} s a step of ${batchSize} images`) +
            `, peak so far ${peak()}`,
        );
        times = [];
      }
      last = now;
    },
  },
);
