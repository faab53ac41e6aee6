import { existsSync } from "node:fs";
import type { Dataset, OpenOptions } from "../../data/index.js";
import { InputError, InterruptedError, UsageError } from "../../errors/index.js";
import { readFileChecked, replaceFile, sha256Of, toolInfo } from "../../files/index.js";
import { withInitializers } from "../../graph/index.js";
import { saveClassifier, type Classifier } from "../../models/index.js";
import { atPath } from "../../options/index.js";
import { openDevice, runtimeInfo, type Device, type DeviceName } from "../../runtime/index.js";
import { trainClassifier, type TrainingEvent, type TrainingHooks, type TrainingOutcome } from "../loop.js";
import { checkSettings } from "../check-settings.js";
import { DivergedError } from "../watch.js";
import type { TrainingSettings } from "../settings/index.js";
import type { ValidationRecord } from "../state.js";
import {
  loadCheckpoint,
  saveCheckpoint,
  tidyCheckpoints,
  type Checkpoint,
  type Progress,
} from "./checkpoint.js";
import { begin, dataOptionsFor } from "./begin.js";
import { classifierOf } from "./classifier.js";
import { labelsSha256, openTraining, splitData } from "./data.js";
import {
  createRunFolder,
  discardRun,
  holdRunFolder,
  readRunConfig,
  runPaths,
  type InitialWeights,
  type RunConfig,
  type RunPaths,
} from "./folder.js";
import { exportImported, importedOf, isImport, readGiven, type ImportSettings } from "./imported.js";
import { openLog, type RunLog } from "./log.js";
import { hashesOf, verifyRun, type Manifest } from "./manifest.js";

/** What a run trains, on what, and how. */
export interface RunOptions {
  /** As for `openDataset`; its training split is used. */
  readonly data: string;
  readonly dataOptions?: OpenOptions | undefined;
  /** All training images of `data`, if the caller has already opened them. */
  readonly opened?: Dataset | undefined;
  /** Images that decide which weights are best, as for `openDataset`. By default they are split off the training images. */
  readonly validationData?: string | undefined;
  /**
   * Weights to start from (`.safetensors`, or an ONNX export that kept torchvision's names). The network then normalises
   * pixels as ImageNet models do, unless the weights are from a holdfast model trained without normalisation.
   */
  readonly initial?: string | undefined;
  /** Train on a class-balanced sample of this many images. */
  readonly limit?: number | undefined;
  /** Architecture, or the path of an ONNX classifier, or of a finished run. */
  readonly model: string;
  /** How that classifier is read, and whether it keeps its last layer. */
  readonly imported?: ImportSettings | undefined;
  readonly settings: TrainingSettings;
  /** The run folder; must not exist, or be empty. */
  readonly out: string;
  /** What `config.json` says trained it: this package by default. */
  readonly tool?: { readonly name: string; readonly version: string } | undefined;
}

/** What a run says as it goes. */
export type RunEvent =
  | TrainingEvent
  | ({ readonly type: "initialised" } & InitialWeights)
  | { readonly type: "notice"; readonly message: string }
  | { readonly type: "checkpoint"; readonly step: number; readonly folder: string }
  | { readonly type: "saved"; readonly model: string; readonly best: ValidationRecord | undefined };

/** Progress and cancellation of a run. */
export interface RunHooks extends Pick<TrainingHooks, "signal" | "compile"> {
  /** Told which operators the device leaves to the CPU. */
  readonly onCpu?: ((operators: readonly string[]) => void) | undefined;
  /** Opens devices: the runtime's by default, or a test's stand-in. */
  readonly openDevice?: typeof openDevice | undefined;
  /** Told of each event as it happens. */
  readonly onEvent?: ((event: RunEvent) => void | Promise<void>) | undefined;
}

/** A finished run. */
export interface FinishedRun {
  readonly folder: string;
  readonly model: string;
  readonly steps: number;
  readonly best: ValidationRecord | undefined;
  readonly config: RunConfig;
}

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
  // What cannot be had is said before data are read.
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
    // A failed start (a batch too large, a bad picture) leaves nothing, so that it can be repeated.
    if (!begins) await discardRun(paths);
    throw error;
  } finally {
    await unlock();
  }
}

/**
 * Continues the run in `folder` from its newest checkpoint. The outcome has the same bytes as if it
 * had never stopped. A finished run is returned unchanged.
 *
 * @param asked settings that the run must have.
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
      problem: "is not the data that the run began with: its labels differ",
      remedy: "Restore the data, or begin a new run.",
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
      // A kill after the last checkpoint leaves what it was about to remove.
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

/** With edited settings the run would go on as another training under the same name. */
function refuseEdited({ config }: RunPaths, { configSha256 }: Progress, found: string): void {
  if (configSha256 === undefined || configSha256 === found) return;
  throw new InputError({
    place: config,
    problem: "has changed since its run was begun: its sha256 is not that of the newest checkpoint",
    remedy: "Restore the file from a copy. For other settings begin a new run with another --out.",
  });
}

/** The log as it was at the checkpoint. Lines that were lost since are done without: nothing is computed from them. */
async function reopenLog(
  paths: RunPaths,
  checkpoint: Checkpoint | undefined,
  hooks: RunHooks,
): Promise<RunLog> {
  const log = await openLog(paths.log, checkpoint?.progress.logBytes ?? 0);
  if (log.missing === 0) return log;
  const message = `${paths.log} is shorter than it was: ${log.missing} bytes are lost, and the report's curves will have a gap. The training itself is not affected.`;
  const warning = { type: "warning", step: checkpoint!.state.step, code: "log", message } as const;
  await log.append(warning);
  await hooks.onEvent?.(warning);
  return log;
}

/** A run that goes on elsewhere than it began. */
async function sayDevice(
  log: RunLog,
  hooks: RunHooks,
  step: number,
  begunOn: DeviceName,
  device: DeviceName,
): Promise<void> {
  const message =
    `the run began on ${begunOn} and goes on on ${device} after step ${step}: devices round otherwise, so its weights are ` +
    "those of neither alone.";
  const warning = { type: "warning", step, code: "device", message } as const;
  await log.append(warning);
  await hooks.onEvent?.(warning);
}

function interrupted({ folder }: RunPaths, { state }: TrainingOutcome): InterruptedError {
  return new InterruptedError({
    place: folder,
    problem: `stopped on request after step ${state.step}; its state is saved`,
    remedy: `To go on: holdfast train --resume ${folder}`,
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

/** What ended a training beyond mending stays in its log. */
async function rethrowLogged(log: RunLog, error: unknown): Promise<never> {
  if (error instanceof DivergedError) {
    const { step, problem: message } = error;
    await log.append({ type: "warning", step, code: "diverged", message });
  }
  throw error;
}

async function logEvent(log: RunLog, event: TrainingEvent, every: number, seconds: number): Promise<void> {
  if (event.type === "warning") await log.append(event);
  else if (event.type === "start") {
    const { step, ...length } = event;
    if (step === 0) await log.append(length);
  } else if (event.type === "validation") {
    const { best: _, ...record } = event;
    await log.append({ ...record, seconds });
  } else if (event.type === "step") {
    const { steps, ...record } = event;
    if (event.step % every === 0 || event.step === 1 || event.step === steps) {
      await log.append({ ...record, seconds });
    }
  }
}

/** Compares what the caller asks for with the run, field by field (`settings.batchSize`, …). */
function refuseDifferences(
  folder: string,
  config: RunConfig,
  asked: Readonly<Record<string, unknown>>,
): void {
  const differing = Object.entries(asked).flatMap(([path, wanted]) => {
    const [a, b] = [atPath(config, path), wanted].map((value) => JSON.stringify(value));
    return a === b ? [] : [`${path} is ${a ?? "not set"}, asked for ${b ?? "none"}`];
  });
  if (differing.length === 0) return;
  throw new UsageError({
    place: folder,
    problem: `was begun with other settings: ${differing.join("; ")}`,
    remedy: "Leave these options out to go on with the run, or begin a new one with another --out.",
  });
}
