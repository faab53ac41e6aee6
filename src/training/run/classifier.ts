import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { InputError, UsageError } from "../../errors/index.js";
import { readFileChecked, sha256Of } from "../../files/index.js";
import {
  createClassifier,
  expectsNormalised,
  IMAGENET_NORMALIZATION,
  initialiseFrom,
  loadClassifier,
  loadWeights,
  readWeightsFile,
  writeSafetensors,
  type Classifier,
  type ModelDefence,
} from "../../models/index.js";
import { createGenerator } from "../../tensor/index.js";
import { readRunConfig, runPaths, type RunConfig, type RunPaths } from "./folder.js";
import { importedOf } from "./imported.js";
import { verifyRun } from "./manifest.js";

/** A run before its first step. */
export interface Begun {
  readonly config: RunConfig;
  readonly classifier: Classifier;
  /** Content of `initial.safetensors`; undefined if the weights follow from the seed. */
  readonly weights: Uint8Array | undefined;
}

/**
 * The classifier of a new run, with published weights if a file is given.
 *
 * @throws UsageError, InputError if the weights do not fit.
 */
export async function beginWith(config: RunConfig, source: string | undefined): Promise<Begun> {
  if (source === undefined) {
    return { config, classifier: buildClassifier(config, "train"), weights: undefined };
  }
  const path = await weightsFileOf(source);
  if (config.image.channels !== IMAGENET_NORMALIZATION.mean.length) {
    throw new UsageError({
      place: path,
      problem: `holds weights for colour images, but the data have ${config.image.channels} channel`,
      remedy: "Read the images with 3 channels (--channels 3).",
    });
  }
  const sha256 = sha256Of(await readFileChecked(path));
  const given = {
    file: basename(path),
    sha256,
    copied: 0,
    newHead: false,
    normalised: await expectsNormalised(path),
  };
  const fresh = buildClassifier({ ...config, initial: given }, "train");
  const { classifier, copied, newHead } = await initialiseFrom(fresh, path);
  const { initializers } = classifier.graph;
  const names = [...classifier.parameters, ...classifier.buffers];
  const weights = writeSafetensors(new Map(names.map((name) => [name, initializers.get(name)!])));
  return {
    config: { ...config, initial: { ...given, kept: sha256Of(weights), copied, newHead } },
    classifier,
    weights,
  };
}

/** The weights file that a user names; for a finished run, its model. @throws InputError if that has changed. */
export async function weightsFileOf(source: string): Promise<string> {
  const found = await stat(source).catch(() => undefined);
  if (found?.isDirectory() !== true) return source;
  await verifyRun(source);
  return runPaths(source).model;
}

/** The classifier of a run, with its initial weights. */
export async function classifierOf(
  paths: RunPaths,
  config: RunConfig,
  form: "train" | "test",
): Promise<Classifier> {
  if ((config.imported ?? null) !== null) return (await importedOf(paths, config)).classifier;
  const { initial } = paths;
  const classifier = buildClassifier(config, form);
  if ((config.initial ?? null) === null) return classifier;
  const { kept } = config.initial!;
  if (kept !== undefined && sha256Of(await readFileChecked(initial)) !== kept) {
    throw new InputError({
      place: initial,
      problem: "its bytes have changed since the run began",
      remedy: "Restore the file from a copy, or start a new run with another --out.",
    });
  }
  return loadWeights(classifier, await readWeightsFile(initial), { place: initial });
}

/**
 * The classifier of a finished run with the layers of another defence at test, for defences that need no training of
 * their own.
 */
export async function defendedAtTest(folder: string, model: ModelDefence | undefined): Promise<Classifier> {
  const config = await readRunConfig(folder);
  const path = runPaths(folder).model;
  await verifyRun(folder);
  const { graph } = await loadClassifier(path);
  const recipe = { ...config.settings.recipe, model };
  if ((config.imported ?? null) !== null && model !== undefined) {
    throw new UsageError({
      place: folder,
      problem: "its model was imported, but a defence can add layers only to built-in networks",
    });
  }
  if ((config.imported ?? null) !== null) return loadClassifier(path);
  const fresh = buildClassifier({ ...config, settings: { ...config.settings, recipe } }, "test");
  return loadWeights(fresh, graph.initializers, { place: path, ignoreUnexpected: true });
}

/** Some defences change the network only at test: there are two forms with the same weights. */
function buildClassifier(
  { model, image, classNames, settings, initial }: RunConfig,
  form: "train" | "test",
): Classifier {
  return createClassifier(model, {
    ...image,
    classNames,
    random: createGenerator(settings.seed),
    defence: settings.recipe.model,
    form,
    ...(normalises(initial) ? { normalization: IMAGENET_NORMALIZATION } : {}),
  });
}

function normalises(initial: RunConfig["initial"]): boolean {
  return (initial ?? null) !== null && initial?.normalised !== false;
}
