import { TERMS, needsOf, weighedTerms } from "../../losses/index.js";
import { linearWarmup, scheduleFactor, type RunHistory } from "../../training/index.js";
import type { Chart, Series } from "../charts.js";
import * as format from "../format.js";
import { intervalOf, lengthOf, stepLines, validationsOf, type StepLine } from "./view.js";

type Point = readonly [x: number, y: number | null];

/** Colours that colour-blind readers can tell apart (Okabe & Ito 2008). */
const COLOUR = {
  clean: "#0072b2",
  robust: "#d55e00",
  training: "#7f7f7f",
  whole: "#7f7f7f",
  terms: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"],
} as const;

/** Most points of a curve over all steps; if there are more, each point is the mean of several. */
const MOST_POINTS = 150;

/** Every curve of a training that already has points. */
export function trainingCharts(history: RunHistory): Chart[] {
  return [accuracyChart(history), lossChart(history), scheduleChart(history)].filter(
    (chart) => chart !== undefined,
  );
}

function accuracyChart(history: RunHistory): Chart | undefined {
  const lines = stepLines(history);
  const validations = validationsOf(history);
  const { recipe, validation } = history.config.settings;
  const kind = needsOf(recipe.weights).adversarial ? "adversarial images" : "clean images";
  const robust = validations.filter((each) => each.robust !== null);
  const series = [
    line(
      `training batches, ${kind}`,
      COLOUR.training,
      averaged(lines, ({ accuracy }) => accuracy),
    ),
    {
      ...line(
        "validation, clean",
        COLOUR.clean,
        validations.map(({ step, clean }): Point => [step, clean]),
      ),
      intervals: validations.map(({ clean, images }) => ends(clean, images)),
    },
    {
      ...line(
        `validation, PGD-${validation.steps}`,
        COLOUR.robust,
        robust.map(({ step, robust: accuracy }): Point => [step, accuracy]),
      ),
      intervals: robust.map(({ robust: accuracy, images }) => ends(accuracy!, images)),
    },
  ];
  return chartOf("Accuracy", series, true);
}

function ends(accuracy: number, images: number): readonly [number, number] {
  const { low, high } = intervalOf(accuracy, images);
  return [low, high];
}

/** Each term times its weight, so that the terms add up to the total. */
function lossChart(history: RunHistory): Chart | undefined {
  const lines = stepLines(history);
  const weighed = weighedTerms(history.config.settings.recipe.weights);
  const whole = line(
    "total loss",
    COLOUR.whole,
    averaged(lines, ({ loss }) => loss),
  );
  const terms = weighed.map(([name, weight], i) =>
    line(
      `${weight === 1 ? "" : `${Number(weight.toPrecision(3))} · `}${TERMS[name].title}`,
      COLOUR.terms[i % COLOUR.terms.length]!,
      averaged(lines, ({ terms: values }) => (values[name] === undefined ? null : weight * values[name])),
    ),
  );
  return chartOf("Loss by term", terms.length > 1 ? [{ ...whole, dashed: true }, ...terms] : [whole], false);
}

/** Learning rate and ε as shares of their largest values; dashed where they are still to come. */
function scheduleChart(history: RunHistory): Chart | undefined {
  const length = lengthOf(history);
  const last = stepLines(history).at(-1)?.step ?? 0;
  if (length === undefined) return undefined;
  const { settings } = history.config;
  const { adversary } = settings.recipe;
  const { steps } = length;
  const rate = (step: number): number =>
    scheduleFactor(settings.schedule, step, steps) * linearWarmup(step, Math.round(settings.warmup * steps));
  const radius = (step: number): number => linearWarmup(step, Math.round(settings.epsilonWarmup * steps));
  const curves = [
    { name: `learning rate (peak ${settings.learningRate})`, colour: COLOUR.clean, of: rate },
    ...(adversary === undefined
      ? []
      : [{ name: `ε (largest ${format.epsilon(adversary.epsilon)})`, colour: COLOUR.robust, of: radius }]),
  ];
  const series = curves.flatMap(({ name, colour, of }) => {
    const points = Array.from(planned(steps, last), (step): Point => [step + 1, of(step)]);
    const [done, ahead] = [points.filter(([x]) => x <= last), points.filter(([x]) => x >= last)];
    return [
      line(name, colour, done),
      ...(history.finished === undefined
        ? [{ ...line(`${name}, planned`, colour, ahead), dashed: true }]
        : []),
    ];
  });
  return chartOf("Schedules, as shares of the maximum", series, true);
}

/** Steps, counted from 0, at which a schedule is drawn; the latest is always one of them. */
function planned(steps: number, last: number): Set<number> {
  const stride = Math.max(1, Math.ceil(steps / MOST_POINTS));
  const all = Array.from({ length: Math.ceil(steps / stride) }, (_, i) => i * stride);
  if (last > 0) all.push(last - 1);
  return new Set([...all, steps - 1].sort((a, b) => a - b));
}

function averaged(lines: readonly StepLine[], of: (line: StepLine) => number | null): Point[] {
  const stride = Math.ceil(lines.length / MOST_POINTS);
  const points: Point[] = [];
  for (let start = 0; start < lines.length; start += stride) {
    const own = lines.slice(start, start + stride);
    const values = own.map(of).filter((value) => value !== null);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    points.push([own.at(-1)!.step, Number.isFinite(mean) ? mean : null]);
  }
  return points;
}

function line(name: string, colour: string, points: readonly Point[]): Series {
  return { name, colour, dashed: false, points };
}

/** Undefined if no curve has two points. */
function chartOf(title: string, all: readonly Series[], percent: boolean): Chart | undefined {
  const series = all.filter(({ points }) => points.length > 0);
  if (!series.some(({ points }) => points.length > 1)) return undefined;
  const said = (y: number | null): string =>
    y === null ? "nothing" : percent ? format.percent(y) : String(Number(y.toPrecision(3)));
  const described = series.map(({ name, points }) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    return `${name} goes from ${said(first[1])} at step ${first[0]} to ${said(last[1])} at step ${last[0]}`;
  });
  return {
    title,
    description: `${title}: ${described.join("; ")}.`,
    xName: "step",
    yName: percent ? "share" : "loss",
    percent,
    xScale: "linear",
    series,
  };
}
