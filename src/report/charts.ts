import { normLabel } from "../attacks/cards/index.js";
import { echarts } from "./echarts.js";
import * as format from "./format.js";
import {
  accuracyAgainstEpsilon,
  accuracyAgainstSteps,
  accuracyWithin,
  attacksOf,
  distancesOf,
  type Curve,
  type Distances,
  type Result,
} from "../evaluation/results.js";

/** One line of a chart. */
export interface Series {
  readonly name: string;
  readonly colour: string;
  readonly dashed: boolean;
  readonly points: readonly (readonly [x: number, y: number | null])[];
  /** [low, high] of each point, if it is an accuracy. */
  readonly intervals?: readonly (readonly [low: number, high: number])[];
}

export interface Chart {
  readonly title: string;
  /** Description for a reader who cannot see the chart. */
  readonly description: string;
  readonly xName: string;
  readonly yName: string;
  readonly percent: boolean;
  /** `even`: values of x at equal distances, named by `nameX`. */
  readonly xScale: "linear" | "log" | "even";
  readonly nameX?: (x: number) => string;
  readonly series: readonly Series[];
}

/** Colours that colour-blind readers can tell apart (Okabe & Ito 2008), readable on white and on black. */
const COLOURS = ["#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"] as const;

export function colourOf(result: Result, model: string): string {
  return COLOURS[result.models.findIndex(({ name }) => name === model) % COLOURS.length]!;
}

/** Accuracy against ε, starting with the clean accuracy at 0. */
export function epsilonChart(result: Result): Chart | undefined {
  const series = accuracyAgainstEpsilon(result).map((curve) => seriesOf(result, curve));
  if (series.length === 0) return undefined;
  return accuracyChart("Accuracy against ε", "ε", "linear", series);
}

/** Points of a curve over every ε. */
const CURVE_POINTS = 200;

/** Accuracy at every ε, from the nearest adversarial images found. */
export function distanceChart(result: Result): Chart | undefined {
  const each = distancesOf(result);
  if (each.length === 0) return undefined;
  const end = endOf(result, each);
  const series = each.map(({ model, norm, distances }): Series => {
    const points = Array.from({ length: CURVE_POINTS + 1 }, (_, i) => {
      const epsilon = Number(((end * i) / CURVE_POINTS).toPrecision(6));
      return [epsilon, accuracyWithin({ distances }, epsilon)] as const;
    });
    return {
      name: `${model}, ${normLabel(norm)}`,
      colour: colourOf(result, model),
      dashed: false,
      points,
    };
  });
  return accuracyChart("Accuracy at every ε, at most", "ε", "linear", series);
}

/** Where the curve ends: at the largest ε of an attack, or where nine tenths of the images with a find are broken. */
function endOf({ measurements }: Result, each: readonly Distances[]): number {
  const radii = attacksOf(measurements)
    .filter(({ threat }) => each.some(({ norm }) => norm === threat.norm))
    .map(({ threat }) => threat.epsilon);
  const far = each.map(({ distances }) => {
    const found = distances.filter(Number.isFinite).toSorted((a, b) => a - b);
    return found[Math.ceil(0.9 * found.length) - 1] ?? 0;
  });
  const end = 1.1 * Math.max(...radii, ...far);
  return end > 0 ? Number(end.toPrecision(2)) : 1;
}

/** Accuracy against the attack's steps. */
export function stepsChart(result: Result): Chart | undefined {
  const series = accuracyAgainstSteps(result).map((curve) => seriesOf(result, curve));
  if (series.length === 0) return undefined;
  return accuracyChart("Accuracy against iterations", "iterations", "log", series);
}

/** The training loss of every model that has one. */
export function lossChart(result: Result): Chart | undefined {
  const series = result.models.flatMap((model): Series[] => {
    const curve = model.training?.curve;
    if (curve === undefined || curve.step.length < 2) return [];
    const points = curve.step.map((step, i) => [step, curve.loss[i] ?? null] as const);
    return [{ name: model.name, colour: colourOf(result, model.name), dashed: false, points }];
  });
  if (series.length === 0) return undefined;
  return {
    title: "Training loss",
    description:
      "The total loss of each model at each training step. Different recipes minimise different losses.",
    xName: "step",
    yName: "loss",
    percent: false,
    xScale: "linear",
    series,
  };
}

function accuracyChart(
  title: string,
  xName: string,
  xScale: Chart["xScale"],
  series: readonly Series[],
): Chart {
  const ends = series.map(({ name, points }) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    return `${name} goes from ${asPercent(first[1])} at ${first[0]} to ${asPercent(last[1])} at ${last[0]}`;
  });
  return {
    title,
    description: `${title}: ${ends.join("; ")}.`,
    xName,
    yName: "accuracy",
    percent: true,
    xScale,
    series,
  };
}

const asPercent = (share: number | null): string => (share === null ? "nothing" : format.percent(share));

function seriesOf(result: Result, curve: Curve): Series {
  const transfer = curve.kind === "transfer";
  return {
    name: transfer ? `${curve.model}, images made on ${curve.source}` : `${curve.model}, white-box`,
    colour: colourOf(result, curve.model),
    dashed: transfer,
    points: curve.points.map(({ x, measurement }) => [x, measurement.accuracy] as const),
    intervals: curve.points.map(
      ({ measurement }) => [measurement.interval.low, measurement.interval.high] as const,
    ),
  };
}

/** The chart as an SVG without scripts. */
export function renderChart(
  chart: Chart,
  size: { width: number; height: number } = { width: 640, height: 340 },
): string {
  const instance = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
  try {
    instance.setOption({
      animation: false,
      grid: { left: 56, right: 24, top: 16 + 26 * legendRows(chart.series, size.width), bottom: 48 },
      legend: { top: 0, left: 0, itemWidth: 26, itemGap: 18, textStyle: { fontSize: 12 } },
      xAxis: {
        ...xAxis(chart),
        name: chart.xName,
        nameLocation: "middle",
        nameGap: 30,
        splitLine: { show: false },
      },
      yAxis: {
        type: "value",
        min: 0,
        ...(chart.percent ? { max: 1 } : {}),
        axisLabel: chart.percent ? { formatter: (share: number) => `${Math.round(100 * share)} %` } : {},
      },
      series: chart.series.flatMap((series) => lines(series, nameOfX(chart))),
    });
    return instance.renderToSVGString();
  } finally {
    instance.dispose();
  }
}

function xAxis({ xScale, series, nameX = String }: Chart): object {
  if (xScale !== "even") {
    // The axis ends at the extremes of the data, which may have sixteen digits.
    const axisLabel = { formatter: (x: number) => String(Number(x.toPrecision(3))) };
    return { type: xScale === "log" ? "log" : "value", min: "dataMin", max: "dataMax", axisLabel };
  }
  const values = new Set(series.flatMap(({ points }) => points.map(([x]) => x)));
  const data = [...values].toSorted((a, b) => a - b).map(nameX);
  return { type: "category", data, boundaryGap: false, axisTick: { alignWithLabel: true } };
}

/** How ECharts gets a value of x: the value itself, or its name on an even axis. */
const nameOfX =
  ({ xScale, nameX = String }: Chart) =>
  (x: number): number | string =>
    xScale === "even" ? nameX(x) : x;

/** Number of lines of the legend: about 7 pixels per letter, and 54 for the symbol and the gap. */
function legendRows(series: readonly Series[], width: number): number {
  let [rows, used] = [1, 0];
  for (const { name } of series) {
    const wide = 7 * name.length + 54;
    if (used > 0 && used + wide > width) [rows, used] = [rows + 1, 0];
    used += wide;
  }
  return rows;
}

/** A line with its points, and a faint vertical bar for each interval. */
function lines(
  { name, colour, dashed, points, intervals }: Series,
  at: (x: number) => number | string,
): object[] {
  const many = points.length > 30;
  const line = {
    name,
    type: "line",
    data: points.map(([x, y]) => [at(x), y]),
    showSymbol: !many,
    symbolSize: 6,
    lineStyle: { color: colour, width: 2, type: dashed ? "dashed" : "solid" },
    itemStyle: { color: colour },
  };
  if (intervals === undefined) return [line];
  const bars = points.map(([x], i) => ({
    type: "line",
    data: intervals[i]!.map((end) => [at(x), end]),
    showSymbol: false,
    silent: true,
    lineStyle: { color: colour, width: 4, opacity: 0.25 },
  }));
  return [line, ...bars];
}
