import { existsSync } from "node:fs";
import type { Dataset } from "../../data/index.js";
import { InputError, InterruptedError, UsageError } from "../../errors/index.js";
import { readFileChecked, replaceFile, sha256Of, toolInfo } from "../../files/index.js";
import { withInitializers } from "../../graph/index.js";
import { saveClassifier, type Classifier } from "../../models/index.js";
import { atPath } from "../../options/index.js";
import { openDevice, runtimeInfo, type Device, type DeviceName } from "../../runtime/index.js";
import { trainClassifier, type TrainingOutcome } from "../loop.js";
import { checkSettings } from "../check-settings.js";
import { loadCheckpoint, saveCheckpoint, tidyCheckpoints, type Progress } from "./checkpoint.js";
import { begin, dataOptionsFor } from "./begin.js";
import { classifierOf } from "./classifier.js";
import { labelsSha256, openTraining, splitData } from "./data.js";
import {
  createRunFolder,
  discardRun,
  holdRunFolder,
  readRunConfig,
  runPaths,
  type RunConfig,
  type RunPaths,
} from "./folder.js";
import { exportImported, importedOf, isImport, readGiven } from "./imported.js";
import type { RunLog } from "./log.js";
import { hashesOf, verifyRun, type Manifest } from "./manifest.js";
import type { FinishedRun, RunEvent, RunHooks, RunOptions } from "./options.js";
import { logEvent, reopenLog, rethrowLogged, sayDevice } from "./record.js";
import { saveShown } from "./shown.js";

/**
 * Trains in a new run folder. It holds `config.json`, `log.jsonl` and `checkpoints/`, and at the end
 * `model.onnx` and `manifest.json`.
 *
 * @throws InterruptedError when the signal stops it; the state has been saved.
 * @example
 * ```ts
 * import { findRecipe, resolveSettings, trainRun } from "holdfast";
 *
 * const settings = resolveSettings({ epochs: 5, learningRate: 0.01 }, { recipe: findRecipe("at-alp"), threads: 2 });
 * const stop = new AbortController();
 * const run = await trainRun(
 *   { data: "mnist", model: "resnet-mini", settings, out: "runs/at-alp" },
 *   { signal: stop.signal, onEvent: (event) => console.error(event.type) },
 * );
 * console.log(run.model, run.best);
 * ```
 */
export async function trainRun(options: RunOptions, hooks: RunHooks = {}): Promise<FinishedRun> {
  checkSettings(options.settings);
  // Reports an unavailable device before reading data.
  await (hooks.openDevice ?? openDevice)(options.settings.device ?? "cpu");
  const given = isImport(options.model) ? await readGiven(options.model) : undefined;
  const dataOptions = dataOptionsFor(options, given);
  const dataset = await openTraining({ ...options, dataOptions });
  const reopen = (classes: readonly string[]): Promise<Dataset> =>
    openTraining({ ...options, opened: undefined, dataOptions: { ...dataOptions, classes } });
  const { channels, height, width, classNames } = dataset;
  const config: RunConfig = {
    format: 1,
    tool: options.tool ?? toolInfo(),
    data: options.data,
    dataOptions,
    validationData: options.validationData ?? null,
    initial: null,
    limit: options.limit ?? null,
    model: options.model,
    image: { channels, height, width },
    classNames,
    labelsSha256: labelsSha256(dataset),
    settings: options.settings,
  };
  const notices: string[] = [];
  const begun = await begin(config, options, given, { dataset, reopen }, (message) => notices.push(message));
  const { paths, unlock } = await createRunFolder(options.out, begun.config, begun.files);
  const { initial } = begun.config;
  let begins = false;
  const onEvent = async (event: RunEvent): Promise<void> => {
    begins ||= event.type === "step" || event.type === "checkpoint";
    await hooks.onEvent?.(event);
  };
  try {
    if (initial) await onEvent({ type: "initialised", ...initial });
    for (const message of notices) await onEvent({ type: "notice", message });
    return await proceed(paths, begun.config, begun.classifier, begun.dataset, { ...hooks, onEvent });
  } catch (error) {
    // A failed start (such as a batch that is too large, or a bad picture) leaves nothing behind, so it can be repeated.
    if (!begins) await discardRun(paths);
    throw error;
  } finally {
    await unlock();
  }
}

/**
 * Continues the run in `folder` from its newest checkpoint. The results have the same bytes as if it
 * had never stopped. A finished run is returned unchanged.
 *
 * @param asked settings that the run must match.
 * @param moved where the data are now, if they have moved, and the device to continue on, if it is another one. The log then says
 *   so, because the weights are no longer those of one device.
 * @throws UsageError naming the settings that differ; InputError on damaged checkpoints or other data.
 * @example
 * ```ts
 * import { resumeRun } from "holdfast";
 *
 * const { steps } = await resumeRun("runs/at-alp");
 * console.log(steps);
 * ```
 */
export async function resumeRun(
  folder: string,
  hooks: RunHooks = {},
  asked: Readonly<Record<string, unknown>> = {},
  moved: Partial<Pick<RunConfig, "data" | "validationData">> & { readonly device?: DeviceName } = {},
): Promise<FinishedRun> {
  const begun = await readRunConfig(folder);
  refuseDifferences(folder, begun, asked);
  const { device: other, ...lie } = moved;
  const config: RunConfig = { ...begun, ...lie };
  const paths = runPaths(folder);
  if (existsSync(paths.manifest)) {
    const { steps, best } = await verifyRun(folder);
    return { folder, model: paths.model, steps, best: best ?? undefined, config };
  }
  const dataset = await openTraining({ ...config, limit: config.limit ?? undefined });
  if (labelsSha256(dataset) !== config.labelsSha256) {
    throw new InputError({
      place: config.data,
      problem: "is not the data of this run: its labels differ",
      remedy: "Restore the data, or start a new run.",
    });
  }
  const unlock = await holdRunFolder(paths);
  try {
    return await proceed(paths, config, await classifierOf(paths, config, "train"), dataset, hooks, other);
  } finally {
    await unlock();
  }
}

async function proceed(
  paths: RunPaths,
  config: RunConfig,
  classifier: Classifier,
  dataset: Dataset,
  hooks: RunHooks,
  other?: DeviceName,
): Promise<FinishedRun> {
  const begunOn = config.settings.device ?? "cpu";
  const device = await (hooks.openDevice ?? openDevice)(other ?? begunOn, { onCpu: hooks.onCpu });
  let log: RunLog | undefined;
  try {
    const configSha256 = sha256Of(await readFileChecked(paths.config));
    const checkpoint = await loadCheckpoint(paths.checkpoints);
    if (checkpoint !== undefined) {
      refuseEdited(paths, checkpoint.progress, configSha256);
      // A kill after the last checkpoint leaves files that would have been removed.
      await tidyCheckpoints(paths.checkpoints);
    }
    log = await reopenLog(paths, checkpoint, hooks);
    if (device.name !== begunOn)
      await sayDevice(log, hooks, checkpoint?.state.step ?? 0, begunOn, device.name);
    const before = checkpoint?.progress.seconds ?? 0;
    const started = performance.now();
    const seconds = (): number => before + (performance.now() - started) / 1000;
    const data = await splitData(config, dataset);
    const outcome = await trainClassifier(classifier, data, config.settings, {
      ...hooks,
      device,
      resume: checkpoint?.state,
      onEvent: async (event) => {
        await logEvent(log!, event, config.settings.logEvery, seconds());
        await hooks.onEvent?.(event);
      },
      checkpoint: async (state) => {
        if (data.validation !== undefined && state.validations.at(-1)?.step === state.step) {
          const { compile = device.compile } = hooks;
          const source = { classifier, dataset: data.validation, settings: config.settings, compile };
          await saveShown(paths.validation, source, state);
        }
        const logBytes = await log!.flush();
        await saveCheckpoint(paths.checkpoints, state, { logBytes, seconds: seconds(), configSha256 });
        await hooks.onEvent?.({ type: "checkpoint", step: state.step, folder: paths.folder });
      },
    }).catch((error: unknown) => rethrowLogged(log!, error));
    if (!outcome.finished) throw interrupted(paths, outcome);
    return await finish(paths, config, outcome, { seconds: seconds(), device }, hooks);
  } finally {
    await log?.close();
  }
}

/** With edited settings the run would continue as another training under the same name. */
function refuseEdited({ config }: RunPaths, { configSha256 }: Progress, found: string): void {
  if (configSha256 === undefined || configSha256 === found) return;
  throw new InputError({
    place: config,
    problem: "has changed since the run began: its sha256 is not the one in the newest checkpoint",
    remedy: "Restore the file from a copy. For other settings, start a new run with another --out.",
  });
}

function interrupted({ folder }: RunPaths, { state }: TrainingOutcome): InterruptedError {
  return new InterruptedError({
    place: folder,
    problem: `stopped on request after step ${state.step}; its state is saved`,
    remedy: `To resume: holdfast train --resume ${folder}`,
  });
}

async function finish(
  paths: RunPaths,
  config: RunConfig,
  outcome: TrainingOutcome,
  { seconds, device }: { readonly seconds: number; readonly device: Device },
  hooks: RunHooks,
): Promise<FinishedRun> {
  const { folder, model } = paths;
  const { settings, tool } = config;
  const imported = (config.imported ?? null) === null ? undefined : await importedOf(paths, config);
  const shipped = imported?.classifier ?? (await classifierOf(paths, config, "test"));
  const trained = { ...shipped, graph: withInitializers(shipped.graph, outcome.weights) };
  await saveClassifier(trained, model, { recipe: settings.recipe.name });
  if (imported !== undefined) await exportImported(paths.exported, imported, config, outcome.weights);
  const best = settings.validation.images === 0 ? undefined : outcome.state.best?.record;
  const manifest: Manifest = {
    format: 1,
    tool,
    runtime: runtimeInfo(settings.threads, device.use()),
    seed: settings.seed,
    steps: outcome.state.step,
    seconds,
    best: best ?? null,
    sha256: await hashesOf(folder),
  };
  await replaceFile(paths.manifest, `${JSON.stringify(manifest, null, 2)}\n`);
  await hooks.onEvent?.({ type: "saved", model, best });
  return { folder, model, steps: outcome.state.step, best, config };
}

/** Compares the requested settings with the run's, field by field (`settings.batchSize`, …). */
function refuseDifferences(
  folder: string,
  config: RunConfig,
  asked: Readonly<Record<string, unknown>>,
): void {
  const differing = Object.entries(asked).flatMap(([path, wanted]) => {
    const [a, b] = [atPath(config, path), wanted].map((value) => JSON.stringify(value));
    return a === b ? [] : [`${path} is ${a ?? "not set"}, but you asked for ${b ?? "none"}`];
  });
  if (differing.length === 0) return;
  throw new UsageError({
    place: folder,
    problem: `was started with other settings: ${differing.join("; ")}`,
    remedy: "Omit these options to resume the run, or start a new one with another --out.",
  });
}
