/** Turns the typed options into a new run, and describes it. */
import { basename } from "node:path";
import { UsageError } from "../errors/index.js";
import type { Recipe } from "../defences/index.js";
import { coreCount } from "../files/cores.js";
import type { ImportSettings, RunOptions, TrainingSettings } from "../training/index.js";
import { checkLengths, flagName } from "./attack-options.js";
import { ownShape } from "./images.js";
import { descriptionOf, modelPath } from "./models.js";
import { checkFolder } from "./outputs.js";
import { readModel } from "./reading.js";
import { givenSettings } from "./setting-options.js";
import { openOptionsOf } from "./shared-options.js";
import { createSkippedWarner, createUndividedTeller, formatPercent, type Terminal } from "./terminal.js";
import { USUAL_RECIPE } from "../training/settings/index.js";
import type { TrainOptions } from "./training-options.js";
import { formatEpsilon } from "./values.js";

/** A run with these options, described on the terminal. `within`: the parent folder if none is named. */
export async function newRun(
  options: TrainOptions,
  terminal: Terminal,
  within = "runs",
): Promise<RunOptions> {
  const { checkSettings, isImport, withModelShape, withUsualValidation } =
    await import("../training/index.js");
  const importing = isImport(options.model);
  if (!importing) refuseImportOptions(options);
  const settings = await settingsOf(options);
  if (!importing && options.init === undefined && settings.trunkLearningRate === 0) {
    throw new UsageError({
      place: "--freeze-trunk",
      problem: "would leave everything but the last layer at its random initial values",
      remedy: "Give initial weights with --init resnet50.safetensors, or a trained --model model.onnx.",
    });
  }
  if (options.out !== undefined) checkFolder("--out", options.out);
  // Reading large data takes time, so report typing errors first.
  checkSettings(settings);
  const said: RunOptions = {
    data: options.data,
    // A resumed run has already reported its skipped files.
    dataOptions: {
      ...openOptionsOf(options),
      // With a separate validation set, nothing needs to be held out from the training data or from that set.
      ...(options.validationData === undefined ? {} : { whole: true }),
      onSkipped: createSkippedWarner(terminal),
      onUndivided: createUndividedTeller(terminal),
    },
    validationData: options.validationData,
    initial: options.init,
    limit: options.limit,
    model: options.model,
    ...(importing ? { imported: await importSettingsOf(options, terminal) } : {}),
    settings,
    out: options.out ?? `${within}/${nameOf(options.data)}-${settings.recipe.name}`,
  };
  const decided = "validation.images" in givenSettings(options) || options.validationData !== undefined;
  const shaped = await withModelShape(said);
  const run = decided ? shaped : await withUsualValidation(shaped);
  terminal.note(await describeSettings(options, run.settings, run.out));
  return run;
}

const IMPORT_ONLY = [
  "head",
  "taps",
  "mean",
  "std",
  "pixelRange",
  "layout",
  "channelOrder",
  "output",
  "straightThrough",
] as const;

/** Refuses import options for built-in networks, which take pixels unchanged and have known layers. */
function refuseImportOptions(options: TrainOptions): void {
  const name = IMPORT_ONLY.find((each) => options[each] !== undefined);
  if (name === undefined) return;
  throw new UsageError({
    place: flagName(name),
    problem: `is for models read from a file, but --model ${options.model} is built in`,
    remedy: "Omit it, or name an .onnx classifier with --model.",
  });
}

/** The file's preprocessing, from the same sources as in every other command; size and channels come from the data. */
async function importSettingsOf(options: TrainOptions, terminal: Terminal): Promise<ImportSettings> {
  const { head, taps } = options;
  const { path } = modelPath(options.model);
  const name = basename(options.model).replace(/\.onnx$/i, "");
  const request = { path, name, given: descriptionOf(options), imageShape: () => ownShape(options) };
  const { isSettled, description } = await readModel(request, terminal);
  if (!isSettled) {
    terminal.warn(
      `${name}: nothing says how its pixels are read, so they are given in [0, 1]. Set it with --mean, --std and --pixel-range, or ` +
        `find out with holdfast inspect ${options.model} --data … --write`,
    );
  }
  const { mean, std, range, layout, channelOrder, output } = description;
  const { straightThrough } = options;
  const said = Object.entries({ mean, std, range, layout, channelOrder, output, straightThrough, taps });
  return { head, options: Object.fromEntries(said.filter(([, value]) => value !== undefined)) };
}

/** `mnist:train` → `mnist`, `a/photos/` → `photos`. */
function nameOf(data: string): string {
  const name = data
    .replace(/:.*$/, "")
    .replace(/[/\\]+$/, "")
    .split(/[/\\]/)
    .at(-1);
  return name === undefined || name === "" || /^\.+$/.test(name) ? "data" : name;
}

async function settingsOf(options: TrainOptions): Promise<TrainingSettings> {
  const { resolveSettings } = await import("../training/index.js");
  const given = givenSettings(options);
  const { recipe, isFile } = await recipeNamed(String(given["recipe.name"] ?? USUAL_RECIPE));
  // A recipe file states its own ε; a built-in recipe uses the usual ε for the data.
  const usual = nameOf(options.data) === "mnist" ? 0.3 : 8 / 255;
  const epsilon = (isFile ? recipe.adversary?.epsilon : undefined) ?? usual;
  const settings = resolveSettings(
    {
      "recipe.adversary.epsilon": epsilon,
      ...given,
      ...(options.freezeTrunk === true ? { trunkLearningRate: 0 } : {}),
    },
    { recipe, threads: coreCount() },
  );
  const { adversary } = settings.recipe;
  if (adversary === undefined) return settings;
  const { norm, epsilon: radius, relativeStepSize } = adversary;
  checkLengths(norm, { epsilon: radius, stepSize: radius * relativeStepSize });
  return settings;
}

/** A built-in recipe, or one from a file. */
export async function recipeNamed(
  name: string,
): Promise<{ readonly recipe: Recipe; readonly isFile: boolean }> {
  const { findRecipe, isRecipeFile, readRecipeFile } = await import("../defences/index.js");
  const isFile = isRecipeFile(name);
  return { recipe: isFile ? await readRecipeFile(name) : findRecipe(name), isFile };
}

async function describeSettings(
  options: TrainOptions,
  settings: TrainingSettings,
  out: string,
): Promise<string> {
  const { TERMS, weighedTerms } = await import("../losses/index.js");
  const { recipe, optimiser, validation } = settings;
  const { adversary } = recipe;
  const terms = weighedTerms(recipe.weights);
  const lines = [
    `Training ${options.model} on ${options.data} with ${recipe.title} (${recipe.name}) in ${out}`,
    `  ${settings.epochs} epochs, batch ${settings.batchSize}, ${optimiser.kind}, learning rate ${settings.learningRate} ` +
      `(${settings.schedule.kind}), weight decay ${optimiser.weightDecay}, seed ${settings.seed}, ${settings.threads} threads`,
    adversary === undefined
      ? "  no adversary"
      : `  adversary: PGD, ${adversary.norm}, ε ${formatEpsilon(adversary.epsilon)}, ${adversary.steps} steps of ` +
        `${formatEpsilon(adversary.epsilon * adversary.relativeStepSize)}, ` +
        `${adversary.randomStart ? "random start" : "no random start"}, ε rising over ${formatPercent(settings.epsilonWarmup)} of the steps`,
    `  loss: ${terms.map(([name, weight]) => `${weight} · ${TERMS[name].title}`).join(" + ")}`,
    validation.images === 0
      ? "  no validation: the last weights are kept"
      : `  best weights by ${validation.images} validation images every ${validation.every} epoch(s)` +
        (adversary === undefined ? "" : `, PGD-${validation.steps}`),
  ];
  return lines.join("\n");
}
