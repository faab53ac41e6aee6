import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RECIPES } from "../defences/index.js";
import { resolveSettings, resumeRun, type RunConfig } from "../training/index.js";
import { askedOf } from "./asked.js";
import { trainCommand } from "./commands/train.js";
import type { TrainOptions } from "./training-options.js";

let run: string;
beforeAll(async () => {
  run = await mkdtemp(join(tmpdir(), "holdfast-asked-"));
  const config: RunConfig = {
    format: 1,
    tool: { name: "holdfast", version: "0.0.0" },
    data: "mnist",
    dataOptions: {},
    limit: 400,
    model: "resnet-mini",
    image: { channels: 1, height: 28, width: 28 },
    classNames: ["0", "1"],
    labelsSha256: "",
    settings: resolveSettings(
      { "augmentation.horizontalFlip": 0.25 },
      { recipe: RECIPES["pat"]!, threads: 1 },
    ),
  };
  await writeFile(join(run, "config.json"), JSON.stringify(config));
  await writeFile(join(run, "weights.safetensors"), "");
  await writeFile(
    join(run, "pat.yaml"),
    "name: pat\nextends: pat\nadversary: { epsilon: 8/255 }\nweights: { clean: 1 }\n",
  );
});
afterAll(() => rm(run, { recursive: true }));

/** The options of `train`, and what was typed of them. */
function typed(...args: readonly string[]): Partial<TrainOptions> {
  const program = new Command().exitOverride();
  trainCommand(program);
  const command = program.commands[0]!;
  command.parseOptions([...args]);
  const options = Object.entries(command.opts());
  return Object.fromEntries(options.filter(([name]) => command.getOptionValueSource(name) === "cli"));
}

const refusal = async (...args: readonly string[]): Promise<string> =>
  askedOf(typed(...args), run)
    .then((asked) => resumeRun(run, {}, asked))
    .then(
      () => "nothing",
      (error: unknown) => String(error),
    );

/** With something else than the run was begun with. */
const OTHER: Readonly<Record<string, string>> = {
  "--out": "elsewhere",
  "--recipe": "at-alp",
  "--model": "resnet18",
  "--data": "flowers",
  "--size": "32",
  "--channels": "3",
  "--classes": "1,0",
  "--flowers-split": "2",
  "--skip-unreadable": "",
  "--limit": "100",
  "--mean": "0.5",
  "--std": "0.5",
  "--pixel-range": "255",
  "--layout": "NHWC",
  "--channel-order": "bgr",
  "--straight-through": "",
  "--output": "logits",
  "--head": "new",
  "--taps": "a",
  "--init": "weights.safetensors",
  "--freeze-trunk": "",
  "--device": "webgpu",
  "--memory": "2GB",
  "--epochs": "5",
  "--batch-size": "5",
  "--optimiser": "sgd",
  "--momentum": "0.5",
  "--nesterov": "",
  "--weight-decay": "0.5",
  "--learning-rate": "0.5",
  "--schedule": "cosine",
  "--warmup": "0.5",
  "--clip-norm": "5",
  "--ema": "0.5",
  "--label-smoothing": "0.5",
  "--trunk-learning-rate": "0.5",
  "--norm": "l2",
  "--epsilon": "0.5",
  "--steps": "5",
  "--step-size": "0.5",
  "--no-random-start": "",
  "--epsilon-warmup": "0.5",
  "--alpha": "0.5",
  "--beta": "0.5",
  "--flip": "0.5",
  "--crop-padding": "5",
  "--resized-crop": "0.5",
  "--rotation": "5",
  "--brightness": "0.5",
  "--contrast": "0.5",
  "--saturation": "0.5",
  "--hue": "0.5",
  "--validation": "5",
  "--validate-every": "5",
  "--validation-steps": "5",
  "--patience": "5",
  "--checkpoint-every": "5",
  "--seed": "5",
  "--threads": "5",
  "--validation-data": "flowers",
};

/** They say nothing of the run. */
const FREE = ["--resume", "--json", "--quiet", "--open", "--serve", "--port"];

describe("beside --resume every option that differs is refused, with its place", () => {
  const program = new Command();
  trainCommand(program);
  test.each(program.commands[0]!.options.map(({ long }) => long!).filter((long) => !FREE.includes(long)))(
    "%s",
    async (long) => {
      const value = OTHER[long]!;
      const given = long === "--init" ? join(run, value) : value;
      const said = await refusal(long, ...(value === "" ? [] : [given]));
      expect(said).toMatch(
        long === "--out" ? /--out: names a different folder/ : /started with other settings: [\w.]+ is/,
      );
    },
  );
});

test.each([
  [["--flip", "0.5"], "settings.augmentation.horizontalFlip is 0.25, but you asked for 0.5"],
  [["--step-size", "0.02"], "settings.recipe.adversary.relativeStepSize is"],
  [["--resized-crop", "0.3"], "settings.augmentation.resizedCrop.area is not set, but you asked for [0.3,1]"],
  [["--recipe", "igr"], 'settings.recipe.name is "pat", but you asked for "igr"'],
])("%j", async (args, words) => {
  expect(await refusal(...args)).toContain(words);
});

test("a recipe file that has changed is not that of the run, though its name is", async () => {
  expect(await refusal("--recipe", join(run, "pat.yaml"))).toContain(
    "settings.recipe.weights.clean is not set, but you asked for 1",
  );
});

test("what says the same is no reason to refuse", async () => {
  const same = [
    "--recipe",
    "pat",
    "--flip",
    "0.25",
    "--batch-size",
    "128",
    "--threads",
    "1",
    "--optimiser",
    "adam",
  ];
  const steps = ["--step-size", String(((8 / 255) * 2.5) / 7), "--epsilon", "8/255", "--out", run];
  expect(await refusal(...same, ...steps)).not.toContain("started with other settings");
});
