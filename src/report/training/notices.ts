/** The findings of a training's own checks, in plain words. */
import { needsOf } from "../../losses/index.js";
import type { ValidationRecord } from "../../training/index.js";
import * as format from "../format.js";
import {
  bestOf,
  intervalOf,
  recentAccuracy,
  stepLines,
  validationsOf,
  type TrainingView,
  type WarningLine,
} from "./view.js";

export interface Notice {
  readonly severity: "serious" | "warning" | "info";
  readonly title: string;
  readonly message: string;
  readonly step: number;
}

const CONSTANT = "It predicts the same class for every image";

/** By the code of a warning in the log; an unknown code is a warning with that name. */
const KINDS: Readonly<Record<string, Pick<Notice, "severity" | "title">>> = {
  diverged: { severity: "serious", title: "The loss is no longer a number" },
  collapse: { severity: "serious", title: CONSTANT },
  "catastrophic-overfitting": { severity: "serious", title: "Catastrophic overfitting" },
  "zero-gradient": { severity: "warning", title: "The adversary has no gradient to follow" },
  log: { severity: "warning", title: "Part of the log is lost" },
  "stopped-early": { severity: "info", title: "Stopped early" },
};

/** The severity and the title of a training's warning. */
export function kindOf(code: string): Pick<Notice, "severity" | "title"> {
  return Object.hasOwn(KINDS, code) ? KINDS[code]! : { severity: "warning", title: code };
}

/** Most serious first; for each kind only the latest, with the number of times it was reported. */
export function noticesOf({ history }: TrainingView): readonly Notice[] {
  if (history === undefined) return [];
  const warnings = history.lines.filter((line) => line.type === "warning");
  const latest = new Map<string, { readonly line: WarningLine; readonly times: number }>();
  for (const line of warnings)
    latest.set(line.code, { line, times: (latest.get(line.code)?.times ?? 0) + 1 });
  const validations = validationsOf(history);
  const logged = Array.from(latest.values(), ({ line, times }) =>
    noticeOf(line, times, history, validations),
  );
  const isConstant = logged.some(({ title, severity }) => title === CONSTANT && severity === "serious");
  const derived = [isConstant ? undefined : guess(history), fallen(history), gap(history)].filter(
    (each) => each !== undefined,
  );
  const grave = ["serious", "warning", "info"];
  return [...logged, ...derived].toSorted((a, b) => grave.indexOf(a.severity) - grave.indexOf(b.severity));
}

type History = NonNullable<TrainingView["history"]>;

function noticeOf(
  { code, step, message }: WarningLine,
  times: number,
  history: History,
  validations: readonly ValidationRecord[],
): Notice {
  const often = times === 1 ? "" : ` (reported ${times} times)`;
  const notice = { ...kindOf(code), message: `${sentence(message)}${often}`, step };
  const after = validations.findLast((each) => each.step > step);
  if (code !== "collapse" || after === undefined || isGuess(after.clean, after, history)) return notice;
  const since = `It has recovered since: at step ${after.step} it is right on ${format.percent(after.clean)} of the clean images.`;
  return { ...notice, severity: "info", message: `${notice.message} ${since}` };
}

/** Whether an accuracy may be that of a constant prediction. */
function isGuess(accuracy: number, { images }: ValidationRecord, { config }: History): boolean {
  return intervalOf(accuracy, images).low <= 1 / config.classNames.length;
}

/** No better than a guess: at the latest validation or, when finished, with the weights kept. */
function guess(history: History): Notice | undefined {
  const isFinished = history.finished !== undefined;
  const judged = isFinished ? bestOf(history) : validationsOf(history).at(-1);
  if (judged === undefined) return undefined;
  const { step, clean, robust } = judged;
  const told = (title: string, accuracy: number, images: string): Notice => ({
    severity: isFinished ? "serious" : "info",
    title,
    message:
      `It is right on ${format.percent(accuracy)} of the validation images ${images}; ` +
      `a guess is right on ${format.percent(1 / history.config.classNames.length)}.`,
    step,
  });
  if (isGuess(clean, judged, history)) return told("No better than a guess", clean, "when clean");
  if (robust === null || !isGuess(robust, judged, history)) return undefined;
  return told("No better than a guess under attack", robust, "under attack");
}

/** Robust overfitting (Rice et al. 2020, arXiv:2002.11569): lower accuracy under attack than before, beyond both intervals. */
function fallen(history: History): Notice | undefined {
  const [best, last] = [bestOf(history), validationsOf(history).at(-1)];
  if (best === undefined || last === undefined) return undefined;
  if ((best.robust ?? null) === null || last.robust === null) return undefined;
  if (intervalOf(last.robust, last.images).high >= intervalOf(best.robust!, best.images).low)
    return undefined;
  return {
    severity: "warning",
    title: "Accuracy under attack has fallen",
    message:
      `It was ${format.percent(best.robust!)} at step ${best.step} and is now ${format.percent(last.robust)} at step ${last.step}. ` +
      `The weights of step ${best.step} are kept.`,
    step: last.step,
  };
}

/** Gap between accuracy on training and on validation images under attack from which a notice is raised. */
const WIDE_GAP = 0.25;

function gap(history: History): Notice | undefined {
  const [last, latest] = [validationsOf(history).at(-1), stepLines(history).at(-1)];
  const { adversary, weights } = history.config.settings.recipe;
  const training = recentAccuracy(history);
  if (last === undefined || last.robust === null || latest === undefined || training === undefined)
    return undefined;
  const isFull = (latest.epsilon ?? 0) >= (adversary?.epsilon ?? Infinity);
  if (!isFull || !needsOf(weights).adversarial || training - last.robust < WIDE_GAP) return undefined;
  return {
    severity: "warning",
    title: "Much better on its own adversarial images than on validation's",
    message:
      `It is right on ${format.percent(training)} of the adversarial images that it trains on, but on ${format.percent(last.robust)} of the ` +
      "validation images under attack. Either it memorises its training images, or its adversary is too weak. More adversary steps will show which.",
    step: latest.step,
  };
}

/** `the loss is …` → `The loss is ….` */
function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
