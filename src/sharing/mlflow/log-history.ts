import type { History } from "../history.js";
import { notesMarkdown } from "../markdown.js";
import { plainText } from "../text.js";
import { SendError } from "./errors.js";
import { ask, type MlflowServer } from "./server.js";

/** A run that was created on an MLflow server. */
export interface LoggedRun {
  readonly name: string;
  readonly experimentId: string;
  readonly runId: string;
  /** Address to view it. */
  readonly page: string;
}

/** Limits of one `runs/log-batch` (MLflow's REST API, Log Batch). */
const MOST = { metrics: 1000, params: 100 } as const;
/** Longest parameter value that servers before 2.0 accept. */
const LONGEST_VALUE = 500;
/** Longest tag value in bytes that all stores accept. */
const LONGEST_TAG = 5000;
const LONGEST_NAME = 250;

/**
 * Logs a history as a new run: settings as parameters, points as metrics, notes as the run's description. A run
 * that cannot be logged completely is marked as failed.
 *
 * @throws HoldfastError if the server cannot be reached or refuses; local files do not change.
 * @example
 * ```ts
 * import { historyOfRun, logHistory, mlflowServer } from "holdfast";
 *
 * const server = mlflowServer("http://localhost:5000", process.env);
 * const { page } = await logHistory(server, await historyOfRun("runs/at-alp"), "holdfast");
 * console.log(page);
 * ```
 */
export async function logHistory(
  server: MlflowServer,
  history: History,
  experiment: string,
): Promise<LoggedRun> {
  const experimentId = await findExperiment(server, plainText(experiment));
  const name = cut(plainText(history.name), LONGEST_NAME);
  const began = Math.round(1000 * history.began);
  const created = await post(server, "runs/create", {
    experiment_id: experimentId,
    run_name: name,
    start_time: began,
    tags: tagsOf(history),
  });
  const runId = textAt(server, created, "run", "info", "run_id");
  const end = (status: "FINISHED" | "FAILED"): Promise<unknown> =>
    post(server, "runs/update", {
      run_id: runId,
      status,
      end_time: Math.round(1000 * (history.began + history.seconds)),
    });
  try {
    for (const batch of batchesOf(history)) await post(server, "runs/log-batch", { run_id: runId, ...batch });
    // A running training stays a running run.
    if (history.ending !== undefined) await end(history.ending === "finished" ? "FINISHED" : "FAILED");
  } catch (error) {
    await end("FAILED").catch(() => {});
    throw error;
  }
  return { name, experimentId, runId, page: `${server.address}/#/experiments/${experimentId}/runs/${runId}` };
}

async function findExperiment(server: MlflowServer, name: string): Promise<string> {
  const call = { method: "GET", path: "experiments/get-by-name", body: { experiment_name: name } } as const;
  const found = await ask(server, call);
  if (found === undefined) {
    return textAt(server, await post(server, "experiments/create", { name }), "experiment_id");
  }
  const stage = (found["experiment"] as { lifecycle_stage?: unknown } | undefined)?.lifecycle_stage;
  if (stage === "deleted") {
    throw new SendError({
      place: server.address,
      problem: `its experiment "${name}" was deleted`,
      remedy: "Restore it, or choose another with --experiment.",
    });
  }
  return textAt(server, found, "experiment", "experiment_id");
}

async function post(
  server: MlflowServer,
  path: string,
  body: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const answer = await ask(server, { method: "POST", path, body });
  if (answer !== undefined) return answer;
  throw new SendError({
    place: server.address,
    problem: `${path}: the experiment or the run is gone`,
    remedy: "Someone deleted it during the export: export again.",
  });
}

/** @throws SendError if the response lacks this text. */
function textAt({ address }: MlflowServer, answer: unknown, ...path: readonly string[]): string {
  const found = path.reduce<unknown>(
    (value, key) => (value as Record<string, unknown> | undefined)?.[key],
    answer,
  );
  if (typeof found === "string" && found !== "") return found;
  throw new SendError({
    place: address,
    problem: `is not an MLflow server: its answer has no ${path.join(".")}`,
    remedy: "Give the address of the tracking server, such as http://localhost:5000.",
  });
}

function tagsOf({ kind, tool, notes }: History): { key: string; value: string }[] {
  const description = cut(notesMarkdown(notes), LONGEST_TAG);
  const tags = {
    "mlflow.source.name": tool.name,
    "mlflow.source.type": "LOCAL",
    "holdfast.kind": kind,
    "holdfast.version": tool.version,
    ...(description === "" ? {} : { "mlflow.note.content": description }),
  };
  return Object.entries(tags).map(([key, value]) => ({ key, value: cut(plainLines(value), LONGEST_TAG) }));
}

function plainLines(text: string): string {
  return text.split("\n").map(plainText).join("\n");
}

type Batch = { readonly params: readonly unknown[] } | { readonly metrics: readonly unknown[] };

/** Sends parameters and metrics in requests of allowed size. */
function batchesOf({ settings, points, began }: History): Batch[] {
  const params = Object.entries(settings).map(([key, value]) => ({
    key,
    value: cut(plainText(String(value ?? "none")), LONGEST_VALUE),
  }));
  const metrics = points.flatMap(({ step, seconds, values }) =>
    Object.entries(values).map(([key, value]) => ({
      key,
      // Protobuf's JSON has words for values that are not JSON numbers.
      value: Number.isFinite(value) ? value : String(value),
      timestamp: Math.round(1000 * (began + seconds)),
      step,
    })),
  );
  return [
    ...inParts(params, MOST.params).map((part) => ({ params: part })),
    ...inParts(metrics, MOST.metrics).map((part) => ({ metrics: part })),
  ];
}

function inParts<T>(items: readonly T[], most: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, i) =>
    items.slice(i * most, (i + 1) * most),
  );
}

/** Cuts text to this many bytes of UTF-8, at whole characters, with `…` if something is left out. */
function cut(text: string, mostBytes: number): string {
  if (Buffer.byteLength(text) <= mostBytes) return text;
  let kept = "";
  let bytes = Buffer.byteLength("…");
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > mostBytes) break;
    kept += character;
  }
  return `${kept}…`;
}
