import { stringify } from "yaml";
import type { SharedFile } from "./files.js";
import { byStep, foldersOf, lastValues, type History } from "./history.js";
import { plainText } from "./text.js";
import { YAML_OPTIONS } from "./yaml.js";

/**
 * A folder for each history, with the files of a W&B run: `wandb-history.jsonl`, one line per step with `_step`, `_runtime`
 * (seconds since the start) and `_timestamp` (Unix time); `wandb-summary.json`, the last value of each metric; `config.yaml`.
 */
export function wandbFiles(histories: readonly History[]): SharedFile[] {
  const folders = foldersOf(histories);
  return histories.flatMap((history, i) => {
    const rows = rowsOf(history);
    const summary = { ...jsonValues(lastValues(history.points)), ...times(rows.at(-1)!) };
    const config = Object.fromEntries(
      Object.entries(history.settings).map(([key, value]) => [
        key,
        { value: typeof value === "string" ? plainText(value) : value },
      ]),
    );
    return [
      {
        path: `${folders[i]}/wandb-history.jsonl`,
        content: rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
      },
      { path: `${folders[i]}/wandb-summary.json`, content: `${JSON.stringify(summary)}\n` },
      { path: `${folders[i]}/config.yaml`, content: stringify(config, YAML_OPTIONS) },
    ];
  });
}

interface Times {
  readonly _step: number;
  readonly _runtime: number;
  readonly _timestamp: number;
}

type Row = Times & Readonly<Record<string, number | string>>;

function rowsOf({ began, points }: History): Row[] {
  return byStep(points).map(({ step, seconds, values }) => ({
    ...jsonValues(values),
    _step: step,
    _runtime: seconds,
    _timestamp: began + seconds,
  }));
}

function times({ _step, _runtime, _timestamp }: Times): Times {
  return { _step, _runtime, _timestamp };
}

/** JSON has no NaN, so wandb writes it as a string. */
function jsonValues(values: Readonly<Record<string, number>>): Record<string, number | string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      Number.isFinite(value) ? value : Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity",
    ]),
  );
}
