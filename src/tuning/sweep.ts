import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError, nearestName } from "../errors/index.js";
import { evaluate, type Interval, type Score } from "../evaluation/index.js";
import { readFileChecked, sha256Of, writeFileAtomic } from "../files/index.js";
import { TERMS } from "../losses/index.js";
import { loadClassifier } from "../models/index.js";
import { atPath, keysOf, withPath } from "../options/index.js";
import {
  checkSettings,
  openValidation,
  resumeRun,
  runPaths,
  trainRun,
  weightsFileOf,
  type FinishedRun,
  type RunHooks,
  type RunOptions,
  type TrainingSettings,
} from "../training/index.js";
import { SETTING_ROWS } from "../training/settings/index.js";

/** A value that a sweep tries for a setting. */
export type SweepValue = number | string | boolean | null;

/** The criterion for trials: an accuracy on the validation images, or the mean of both. */
export type SweepCriterion = "robust" | "clean" | "mean";

export interface SweepOptions {
  /** Every trial starts from these; a trial's folder is created in `out`. */
  readonly base: RunOptions;
  /** Values by path into the settings: `learningRate`, `recipe.weights.logitPairing`. Every combination is tried. */
  readonly vary: Readonly<Record<string, readonly SweepValue[]>>;
  readonly criterion: SweepCriterion;
  /** White-box PGD that judges every trial, whatever it was trained against; L∞, pixel units. */
  readonly judge: { readonly epsilon: number; readonly steps: number };
}

export interface Trial {
  readonly values: Readonly<Record<string, SweepValue>>;
  readonly folder: string;
  readonly clean: Accuracy;
  readonly robust: Accuracy;
  /** Value of the criterion. */
  readonly score: number;
  /** Whether its interval stays below the best one's: worse beyond chance. */
  readonly clearlyWorse: boolean;
}

interface Accuracy {
  readonly accuracy: number;
  readonly interval: Interval;
}

export type SweepEvent =
  | {
      readonly type: "trial";
      readonly number: number;
      readonly count: number;
      readonly values: Trial["values"];
      readonly folder: string;
    }
  | { readonly type: "judged"; readonly trial: Omit<Trial, "clearlyWorse"> };

export interface SweepHooks extends RunHooks {
  readonly onSweep?: ((event: SweepEvent) => void) | undefined;
}

/**
 * Trains one model for each combination of values and judges each on the validation images that
 * training held out: clean, and under white-box PGD. Finished trials are kept and a stopped one resumes, so the same
 * call can be repeated. `sweep.json` in `out` lists the finished trials, best first.
 *
 * @throws UsageError if a path is not a setting, or if the data leave no validation images.
 */
export async function sweep(options: SweepOptions, hooks: SweepHooks = {}): Promise<readonly Trial[]> {
  const { base, criterion, judge } = options;
  if (base.settings.validation.images === 0) {
    throw new UsageError({
      place: "validation",
      problem: "a sweep needs validation images to choose by",
      remedy: "Omit --validation 0. Choosing by test images would make the result look too good.",
    });
  }
  const combinations = combine(options.vary);
  const planned = combinations.map((values) => {
    const settings = Object.entries(values).reduce<TrainingSettings>(withSetting, base.settings);
    checkSettings(settings);
    return { values, settings, folder: join(base.out, folderName(values)) };
  });
  const trials: Omit<Trial, "clearlyWorse">[] = [];
  for (const [i, { values, settings, folder }] of planned.entries()) {
    hooks.onSweep?.({ type: "trial", number: i + 1, count: planned.length, values, folder });
    const finished = await trained({ ...base, settings, out: folder }, hooks);
    const validation = await openValidation(finished.config);
    const classifier = await loadClassifier(finished.model);
    const { measurements } = await evaluate(
      [{ name: "trial", classifier }],
      validation,
      {
        epsilons: [judge.epsilon],
        options: { steps: judge.steps },
        batchSize: Math.min(validation.length, 50),
        threads: settings.threads,
      },
      { signal: hooks.signal, ...(hooks.compile === undefined ? {} : { compile: hooks.compile }) },
    );
    const of = (kind: "clean" | "white-box"): Accuracy =>
      accuracyOf(measurements.find((m) => m.kind === kind)!);
    const [clean, robust] = [of("clean"), of("white-box")];
    const trial = { values, folder, clean, robust, score: scoreOf(criterion, clean, robust) };
    trials.push(trial);
    hooks.onSweep?.({ type: "judged", trial });
    await writeFileAtomic(
      join(base.out, "sweep.json"),
      `${JSON.stringify({ criterion, judge, trials: ranked(trials, criterion) }, null, 2)}\n`,
    );
  }
  return ranked(trials, criterion);
}

/** Trains a trial, or resumes it if its folder holds the same trial. */
async function trained(options: RunOptions, hooks: SweepHooks): Promise<FinishedRun> {
  const { out } = options;
  if (existsSync(runPaths(out).config)) return resumeRun(out, hooks, await asked(options));
  return trainRun(options, hooks);
}

function accuracyOf({ accuracy, interval }: Score): Accuracy {
  return { accuracy, interval };
}

function scoreOf(criterion: SweepCriterion, clean: Accuracy, robust: Accuracy): number {
  if (criterion === "clean") return clean.accuracy;
  return criterion === "robust" ? robust.accuracy : (clean.accuracy + robust.accuracy) / 2;
}

function ranked(trials: readonly Omit<Trial, "clearlyWorse">[], criterion: SweepCriterion): Trial[] {
  const ordered = [...trials].sort((a, b) => b.score - a.score);
  const best = ordered[0]!;
  const below = (a: Accuracy, b: Accuracy): boolean => a.interval.high < b.interval.low;
  return ordered.map((trial) => ({
    ...trial,
    clearlyWorse:
      (criterion !== "robust" && below(trial.clean, best.clean)) ||
      (criterion !== "clean" && below(trial.robust, best.robust)),
  }));
}

/** Every combination, the last setting changing fastest. */
function combine(vary: SweepOptions["vary"]): Record<string, SweepValue>[] {
  return Object.entries(vary).reduce<Record<string, SweepValue>[]>(
    (so, [path, values]) => so.flatMap((each) => values.map((value) => ({ ...each, [path]: value }))),
    [{}],
  );
}

/** `learningRate-0.05_beta-2`; a digest distinguishes names that look the same. */
function folderName(values: Readonly<Record<string, SweepValue>>): string {
  const readable = Object.entries(values)
    .map(
      ([path, value]) =>
        `${path.split(".").at(-1)}-${typeof value === "number" ? Number(value.toPrecision(4)) : value}`,
    )
    .join("_");
  const digest = sha256Of(JSON.stringify(values)).slice(0, 6);
  return `${readable.replace(/[^A-Za-z0-9_.-]/g, "-")}-${digest}`;
}

/** Everything must match the resumed run, except what the machine decides. */
async function asked(options: RunOptions): Promise<Record<string, unknown>> {
  const { data, dataOptions = {}, validationData = null, limit = null, model, initial, settings } = options;
  return {
    data,
    dataOptions,
    validationData,
    limit,
    model,
    ...(initial === undefined
      ? { initial: null }
      : { "initial.sha256": sha256Of(await readFileChecked(await weightsFileOf(initial))) }),
    ...Object.fromEntries(
      Object.entries(settings)
        .filter(([name]) => name !== "threads")
        .map(([name, value]) => [`settings.${name}`, value]),
    ),
  };
}

/** A copy of the settings with one changed. @throws UsageError if there is no such setting. */
function withSetting(
  settings: TrainingSettings,
  [path, value]: readonly [string, SweepValue],
): TrainingSettings {
  if (!mayBeAbsent(path)) {
    let whole: unknown = settings;
    for (const key of keysOf(path)) {
      // A recipe lists only the terms that it uses; a sweep may add others.
      const known = path === `recipe.weights.${key}` ? Object.keys(TERMS) : Object.keys(whole ?? {});
      if (!known.includes(key)) throw unknown(path, key, known);
      whole = atPath(whole, key);
    }
  }
  return withPath(settings, path, value);
}

/** A top-level setting or an augmentation, which need not exist yet. */
function mayBeAbsent(path: string): boolean {
  return (
    SETTING_ROWS.some(([known]) => known === path) &&
    (path.startsWith("augmentation.") || !path.includes("."))
  );
}

function unknown(path: string, key: string, known: readonly string[]): UsageError {
  const near = nearestName(key, known);
  return new UsageError({
    place: `setting ${path}`,
    problem: `there is no "${key}"`,
    remedy:
      near !== undefined
        ? `Did you mean ${near}?`
        : known.length > 0
          ? `Choose from: ${known.join(", ")}.`
          : "Omit it: this recipe has no such part.",
  });
}
