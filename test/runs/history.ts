import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LogLine, RunHistory, ShownImages } from "../../src/training/index.js";
import { tinyRun } from "./settings.js";

export interface HistoryByHand {
  readonly folder?: string;
  readonly data?: string;
  readonly classNames?: readonly string[];
  /** Steps done, of 180. */
  readonly step?: number;
  /** By step: [clean, robust], on 100 images. */
  readonly validations?: readonly (readonly [step: number, clean: number, robust: number | null])[];
  readonly warnings?: readonly Omit<Extract<LogLine, { type: "warning" }>, "type">[];
  readonly isHeld?: boolean;
  readonly isFinished?: boolean;
  readonly shown?: ShownImages;
  /** Accuracy on the training's own batches. */
  readonly accuracy?: number;
}

const STEPS = 180;
const LENGTH = { steps: STEPS, stepsPerEpoch: 90, images: 2900, validationImages: 100 } as const;

/** What a training of that length says first. */
export const START = { type: "start", step: 0, ...LENGTH } as const;

/** A run of AT+ALP that nobody trained: ten steps a line, one a second. */
export function historyByHand(given: HistoryByHand = {}): RunHistory {
  const { folder = "runs/by-hand", step = 90, validations = [], warnings = [], accuracy = 0.5 } = given;
  const { settings, model } = tinyRun(folder);
  const classNames = given.classNames ?? Array.from("0123456789");
  const lines: LogLine[] = [{ type: "start", ...LENGTH }];
  for (let at = 10; at <= step; at += 10) {
    const terms = { clean: 2 / at, adversarial: 3 / at, logitPairing: 0.1, attentionPairing: 0.2 };
    const schedules = { learningRate: 0.005, epsilon: Math.min(0.3, at / 240) };
    lines.push({ type: "step", step: at, loss: 5 / at, terms, accuracy, ...schedules, seconds: at });
    for (const [of, clean, robust] of validations) {
      if (of === at) lines.push({ type: "validation", step: at, images: 100, clean, robust, seconds: at });
    }
    for (const warning of warnings) if (warning.step === at) lines.push({ type: "warning", ...warning });
  }
  const best = validations.toSorted((a, b) => (b[2] ?? 0) - (a[2] ?? 0))[0];
  const record = best && { step: best[0], images: 100, clean: best[1], robust: best[2] };
  return {
    folder,
    config: {
      format: 1,
      tool: { name: "holdfast", version: "0.0.0" },
      data: given.data ?? "mnist",
      dataOptions: {},
      limit: null,
      model,
      image: { channels: 1, height: 28, width: 28 },
      classNames,
      labelsSha256: "0".repeat(64),
      settings: { ...settings, logEvery: 10 },
    },
    lines,
    savedStep: step >= 40 ? step - (step % 40) : undefined,
    isHeld: given.isHeld ?? false,
    finished: given.isFinished === true ? { steps: step, seconds: step, best: record ?? null } : undefined,
    shown: given.shown,
  };
}

/** Writes what `readRunHistory` reads of a run that is not finished. */
export async function writeHistory(folder: string, { config, lines }: RunHistory): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  await writeFile(join(folder, "log.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}
