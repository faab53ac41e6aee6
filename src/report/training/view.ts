import { wilsonInterval, type Interval } from "../../evaluation/results.js";
import {
  validatesBetter,
  type LogLine,
  type RunHistory,
  type TrainingLength,
  type ValidationRecord,
} from "../../training/index.js";

/** State of a training: `preparing` before its first step; `stopped` if `--resume` can continue it. */
export type Phase = "preparing" | "training" | "finished" | "stopped" | "failed";

/** The latest step of a running training, which may not be in its log yet. */
export interface Now {
  readonly step: number;
  /** Since the first step of this process. */
  readonly seconds: number;
  /** Steps in that time. */
  readonly steps: number;
}

/** Everything that the page of a training shows. */
export interface TrainingView {
  readonly folder: string;
  readonly phase: Phase;
  /** Why it failed. */
  readonly failure?: string | undefined;
  /** Undefined until the run folder has a configuration. */
  readonly history: RunHistory | undefined;
  readonly now?: Now | undefined;
}

export type StepLine = Extract<LogLine, { type: "step" }>;
export type WarningLine = Extract<LogLine, { type: "warning" }>;

export function stepLines({ lines }: RunHistory): readonly StepLine[] {
  return lines.filter((line) => line.type === "step");
}

export function validationsOf({ lines }: RunHistory): readonly ValidationRecord[] {
  return lines.filter((line) => line.type === "validation");
}

export function lengthOf({ lines }: RunHistory): TrainingLength | undefined {
  return lines.findLast((line) => line.type === "start");
}

/** The view of a run from its folder. */
export function viewOf(history: RunHistory): TrainingView {
  const { folder, lines, isHeld, finished } = history;
  const last = lines.findLast((line) => line.type !== "validation");
  const failure = last?.type === "warning" && last.code === "diverged" ? last.message : undefined;
  const phase = finished
    ? "finished"
    : failure !== undefined
      ? "failed"
      : !isHeld
        ? "stopped"
        : last?.type === "step" || last?.type === "warning"
          ? "training"
          : "preparing";
  return { folder, phase, failure, history };
}

/** Progress of a training. */
export interface Place {
  readonly step: number;
  /** Steps of the whole training; undefined if its log, from an earlier version, does not say. */
  readonly steps: number | undefined;
  readonly epoch: number | undefined;
  readonly seconds: number | undefined;
  readonly stepsPerSecond: number | undefined;
  /** Estimated from the pace so far, while it runs. */
  readonly secondsLeft: number | undefined;
}

export function placeOf({ history, phase, now }: TrainingView): Place {
  const lines = history === undefined ? [] : stepLines(history);
  const [first, last] = [lines[0], lines.at(-1)];
  const length = history && lengthOf(history);
  const finished = history?.finished;
  const step = now?.step ?? finished?.steps ?? last?.step ?? 0;
  const steps = length?.steps;
  const pace = paceOf(now, first, last);
  // The log has a line every few steps.
  const sinceLine = pace === undefined ? 0 : Math.max(0, step - (last?.step ?? step)) / pace;
  const isGoing = phase === "training" && pace !== undefined && steps !== undefined;
  return {
    step,
    steps,
    epoch: length && step / length.stepsPerEpoch,
    seconds: finished?.seconds ?? (last && last.seconds + sinceLine),
    stepsPerSecond: pace,
    secondsLeft: isGoing ? (steps - step) / pace : undefined,
  };
}

/** Steps per second, including validations: of this process if it has taken some, otherwise of the whole log. */
function paceOf(
  now: Now | undefined,
  first: StepLine | undefined,
  last: StepLine | undefined,
): number | undefined {
  if (now !== undefined && now.steps > 0 && now.seconds > 0) return now.steps / now.seconds;
  if (first === undefined || last === undefined || last.seconds <= first.seconds) return undefined;
  return (last.step - first.step) / (last.seconds - first.seconds);
}

/** The validation whose weights are kept, by the training's rule: robust accuracy, then clean accuracy, then the later one. */
export function bestOf(history: RunHistory): ValidationRecord | undefined {
  if (history.finished?.best) return history.finished.best;
  return validationsOf(history).reduce<ValidationRecord | undefined>(
    (best, each) => (validatesBetter(each, best) ? each : best),
    undefined,
  );
}

/** The 95 % interval of an accuracy on this many images. */
export function intervalOf(accuracy: number, images: number): Interval {
  return wilsonInterval(Math.round(accuracy * images), images);
}

/** Mean accuracy on the training batches over the last lines of the log. */
export function recentAccuracy(history: RunHistory): number | undefined {
  const recent = stepLines(history).slice(-RECENT);
  if (recent.length === 0) return undefined;
  return recent.reduce((sum, { accuracy }) => sum + accuracy, 0) / recent.length;
}

const RECENT = 10;
