import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { InputError } from "../errors/index.js";
import { fileError } from "../files/index.js";
import { kindOf, viewOf } from "../report/index.js";
import { readRunHistory, runPaths, runSettings, type LogLine } from "../training/index.js";
import type { History, HistoryPoint } from "./history.js";
import { keyOf } from "./text.js";

/**
 * The history of a run folder, finished or not. A run stores no date, so its start is the time of the last write to its log
 * minus the duration in the log.
 *
 * @throws InputError if the folder is not a run, has no step yet, or finished and has changed since.
 */
export async function historyOfRun(folder: string): Promise<History> {
  const history = await readRunHistory(folder);
  const { config, lines } = history;
  const { phase } = viewOf(history);
  const { log } = runPaths(folder);
  const points = lines.flatMap(pointOf);
  if (points.length === 0) refuseEmpty(folder);
  const written = await stat(log).catch((error: unknown) => {
    throw fileError(error, log);
  });
  const seconds = Math.max(...points.map((point) => point.seconds));
  return {
    kind: "training",
    name: basename(resolve(folder)),
    tool: config.tool,
    began: Math.max(0, written.mtimeMs / 1000 - seconds),
    seconds,
    ending: phase === "finished" || phase === "failed" ? phase : undefined,
    settings: Object.fromEntries(
      Object.entries(runSettings(config)).map(([key, value]) => [keyOf(key), value]),
    ),
    points,
    notes: lines.flatMap((line) =>
      line.type === "warning"
        ? [{ severity: kindOf(line.code).severity, text: `Step ${line.step}: ${line.message}` }]
        : [],
    ),
  };
}

function refuseEmpty(folder: string): never {
  throw new InputError({
    place: folder,
    problem: "is a run that has not logged a step yet",
    remedy: `Wait for its first step, or resume it: holdfast train --resume ${folder}`,
  });
}

function pointOf(line: LogLine): HistoryPoint[] {
  if (line.type === "warning" || line.type === "start") return [];
  const { step, seconds } = line;
  if (line.type === "validation") {
    const values = { "validation/clean_accuracy": line.clean, "validation/robust_accuracy": line.robust };
    return [{ step, seconds, values: measured(values) }];
  }
  // The log has null for a loss that was not finite.
  const losses = { loss: line.loss, ...prefixed("terms/", line.terms) };
  const values = {
    ...Object.fromEntries(Object.entries(losses).map(([key, loss]) => [key, loss ?? NaN])),
    accuracy: line.accuracy,
    learning_rate: line.learningRate,
    epsilon: line.epsilon,
  };
  return [{ step, seconds, values: measured(prefixed("train/", values)) }];
}

function prefixed<T>(prefix: string, values: Readonly<Record<string, T>> | undefined): Record<string, T> {
  return Object.fromEntries(Object.entries(values ?? {}).map(([key, value]) => [keyOf(prefix + key), value]));
}

/** Only numbers: a log is read loosely, and missing values are null. */
function measured(values: Readonly<Record<string, unknown>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}
