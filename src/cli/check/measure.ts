import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Norm } from "../../attacks/cards/index.js";
import { InputError } from "../../errors/index.js";
import type { Result } from "../../evaluation/index.js";
import { toolInfo } from "../../files/index.js";
import {
  cacheKey,
  hashData,
  hashModel,
  threatOf,
  type CheckConfig,
  type ReadConfig,
} from "../../gate/index.js";
import type { CheckCommandOptions } from "../commands/check.js";
import { openEvaluation, runEvaluation } from "../evaluate-files.js";
import { modelPath } from "../models.js";
import { createTerminal, type Terminal } from "../terminal.js";

/** A model of the configuration and its results, one per norm. */
export interface Measured {
  readonly model: string;
  readonly path: string;
  readonly sha256: string;
  readonly results: readonly Result[];
  /** Whether all of them came from the cache. */
  readonly cached: boolean;
}

/** Evaluates a model under every norm of the threats, or finds cached results of the same work. */
export async function measureModel(
  model: string,
  { config }: ReadConfig,
  pathOf: (path: string) => string,
  options: CheckCommandOptions,
  terminal: Terminal,
): Promise<Measured> {
  const { path: named, labels, ...reading } = config.models[model]!;
  const path = pathOf(named);
  const data = dataAt(config.data, pathOf);
  const own = {
    ...reading,
    ...(labels === undefined ? {} : { labels: pathOf(labels) }),
    ...(config.classMap === undefined ? {} : { classMap: pathOf(config.classMap) }),
  };
  const extra = [own.labels, own.classMap].filter((file) => file !== undefined);
  const contents = await contentsOf(modelPath(path).path, data, extra);
  const norms = [...new Set(config.threats.map(({ norm }) => norm))];
  const results: Result[] = [];
  let cached = true;
  for (const norm of norms) {
    const work = workOf(config, norm, norms.length);
    const file =
      options.cache === false || contents === undefined
        ? undefined
        : join(
            options.cache,
            `${cacheKey([toolInfo(), contents, data, own, work, options.device ?? "cpu"])}.json`,
          );
    const kept = file === undefined ? undefined : await readKept(file);
    cached &&= kept !== undefined;
    results.push(kept ?? (await evaluateOnce(path, data, { ...own, ...work }, options, file, terminal)));
  }
  return { model, path, sha256: results[0]!.models[0]!.sha256, results, cached };
}

function dataAt(data: string, pathOf: (path: string) => string): string {
  const beside = pathOf(data);
  return [beside, beside.replace(/:[\w-]+$/, "")].some((path) => existsSync(path)) ? beside : data;
}

/** Hashes of everything that the results depend on; undefined if not all of it can be known. */
async function contentsOf(
  model: string,
  data: string,
  extra: readonly string[],
): Promise<readonly string[] | undefined> {
  const hashes = await Promise.all([
    hashModel(model),
    hashData(data),
    ...extra.map((file) => hashData(file)),
  ]);
  return hashes.every((hash) => hash !== undefined) ? hashes : undefined;
}

/** What is measured under one norm. */
function workOf(config: CheckConfig, norm: Norm, norms: number) {
  const { seed, limit, attack, budget, threats } = config;
  const epsilon = threats.filter((threat) => threat.norm === norm).map((threat) => threat.epsilon);
  const runs = norms * Object.keys(config.models).length;
  return {
    seed,
    ...(limit === undefined ? {} : { limit }),
    attack: norm === "patch" ? "patch" : attack,
    norm,
    epsilon: [...new Set(epsilon)].sort((a, b) => a - b),
    budget: budget === undefined ? undefined : budget / runs,
    threshold: decidedBy(config, norm),
    // Corruptions have no norm, so they are measured with the first one.
    corruptions: norm === config.threats[0]!.norm ? config.corruptions : undefined,
  };
}

/**
 * The threshold, if it is the only assertion about a norm: the evaluation then stops as soon as the outcome is
 * certain.
 */
function decidedBy({ assert, baseline, threats }: CheckConfig, norm: Norm): number | undefined {
  const isOnly = threats.filter((threat) => threat.norm === norm).length === 1;
  const metrics = Object.entries(assert).filter(([metric]) => metric !== "clean");
  const about = metrics.filter(([metric]) => threatOf(metric)?.norm === norm);
  const [, rule] = about[0] ?? [];
  const isPlain = rule?.min !== undefined && rule.minLow === undefined && rule.max === undefined;
  const asksWarnings = metrics.some(([metric]) => metric.startsWith("warnings."));
  return isOnly && about.length === 1 && isPlain && !asksWarnings && baseline === undefined
    ? rule.min
    : undefined;
}

/** The cached result; a damaged one is measured again. */
async function readKept(file: string): Promise<Result | undefined> {
  if (!existsSync(file)) return undefined;
  const { readResult } = await import("../../evaluation/results.js");
  return readResult(file).catch((error: unknown) => {
    if (error instanceof InputError) return undefined;
    throw error;
  });
}

type Work = ReturnType<typeof workOf> & Omit<CheckConfig["models"][string], "path" | "labels">;

async function evaluateOnce(
  path: string,
  data: string,
  work: Work,
  { quiet, threads, device, cache }: CheckCommandOptions,
  file: string | undefined,
  terminal: Terminal,
): Promise<Result> {
  terminal.note(`measuring ${relative(".", path)}`);
  const { budget, threshold, corruptions, ...options } = work;
  const computed = {
    ...(threads === undefined ? {} : { threads }),
    ...(device === undefined ? {} : { device }),
  };
  const words = createTerminal({ quiet });
  const opened = await openEvaluation([path], { ...options, data, batchSize: 100, ...computed }, {}, words);
  words.note(opened.description);
  const asked = { ...opened.common, transferFrom: [], examples: 0, budget, threshold, corruptions };
  if (file !== undefined && cache !== false) await mkdir(cache, { recursive: true });
  const partial = file === undefined ? undefined : `${file}.partial`;
  const result = await runEvaluation(opened, asked, words, partial);
  if (file !== undefined) {
    const { writeResult } = await import("../../evaluation/results.js");
    await writeResult(file, result);
    await rm(`${file}.partial`, { force: true });
  }
  return result;
}
