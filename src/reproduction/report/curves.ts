import { chartFigure, formatEpsilon, html, type Chart, type Html, type Series } from "../../report/index.js";
import type { AttackMeasurement } from "../../evaluation/index.js";
import type { Setting } from "../plan.js";
import type { ReproducedDatasetResult } from "../result.js";
import { cleanOf, epsilonsOf, PAPER_EPSILONS, titleOf, whiteBoxOf } from "./tables.js";

/** Nine colours that colour-blind readers can tell apart with the help of dashes (Okabe & Ito 2008, and grays). */
const COLOURS = [
  "#7f7f7f",
  "#e69f00",
  "#0072b2",
  "#56b4e9",
  "#cc79a7",
  "#009e73",
  "#8c6d1f",
  "#d55e00",
  "#b00020",
] as const;

/** Figure 3: accuracy over the iterations, for each setting and ε of the paper; and white-box accuracy over ε. */
export function curvesSection(dataset: ReproducedDatasetResult): Html {
  const charts = [
    ...(["gray-box", "black-box"] as const).flatMap((setting) =>
      PAPER_EPSILONS.map((epsilon) => iterationsChart(dataset, setting, epsilon)),
    ),
    whiteBoxChart(dataset),
  ].filter((chart) => chart.series.length > 0);
  if (charts.length === 0) return html``;
  return html`<h3>Figure 3: accuracy over the iterations of the attack; and white-box</h3>
    <div class="charts">${charts.map((chart) => chartFigure(chart, { width: 640, height: 420 }))}</div>`;
}

function iterationsChart(dataset: ReproducedDatasetResult, setting: Setting, epsilon: number): Chart {
  const source = dataset.sources[setting];
  const series = dataset.rows.map((row, i): Series => {
    const points = dataset.result.measurements
      .filter(
        (m): m is AttackMeasurement =>
          m.kind === "transfer" &&
          m.model === row.model &&
          m.source === source &&
          m.threat.epsilon === epsilon,
      )
      .map((m) => [m.parameters.steps!, m.accuracy] as const);
    return {
      name: titleOf(dataset, row),
      colour: COLOURS[i % COLOURS.length]!,
      dashed: i >= COLOURS.length,
      points,
    };
  });
  return accuracyChart(
    `${setting}, ε = ${formatEpsilon(epsilon)} (transfer from ${source})`,
    "PGD iterations",
    series,
  );
}

function whiteBoxChart(dataset: ReproducedDatasetResult): Chart {
  const epsilons = epsilonsOf(dataset);
  const series = dataset.rows.map((row, i): Series => {
    const points = epsilons.flatMap((epsilon) => {
      const lowest = whiteBoxOf(dataset, row.model, epsilon);
      return lowest === undefined ? [] : [[epsilon, lowest.accuracy] as const];
    });
    const clean = cleanOf(dataset, row.model);
    return {
      name: titleOf(dataset, row),
      colour: COLOURS[i % COLOURS.length]!,
      dashed: i >= COLOURS.length,
      points: points.length === 0 || clean === undefined ? [] : [[0, clean.accuracy], ...points],
    };
  });
  return {
    ...accuracyChart("white-box: the lowest accuracy at each ε", "ε, not to scale", series),
    xScale: "even",
    nameX: formatEpsilon,
  };
}

function accuracyChart(title: string, xName: string, all: readonly Series[]): Chart {
  const series = all.filter(({ points }) => points.length > 1);
  const ends = series.map(({ name, points }) => `${name} ends at ${(100 * points.at(-1)![1]!).toFixed(1)} %`);
  return {
    title,
    description: `${title}: ${ends.join("; ")}.`,
    xName,
    yName: "accuracy",
    percent: true,
    xScale: "linear",
    series,
  };
}
