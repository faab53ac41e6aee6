/** What each attack of a suite broke: a waterfall for each model at the headline, and a table of all. */
import { echarts } from "./echarts.js";
import {
  attackLabel,
  attacksOf,
  describeStages,
  stageNames,
  type AttackMeasurement,
  type Result,
} from "../evaluation/results.js";
import { colourOf } from "./charts.js";
import * as format from "./format.js";
import { html, raw, type Html } from "./html.js";
import { table } from "./tables.js";

interface Suite {
  readonly measurement: AttackMeasurement;
  readonly stages: NonNullable<AttackMeasurement["stages"]>;
  readonly names: readonly string[];
}

/** Empty if no suite was run. */
export function stagesSection(result: Result): Html {
  const suites = attacksOf(result.measurements).flatMap((measurement): Suite[] => {
    const { stages = [] } = measurement;
    return stages.length === 0 ? [] : [{ measurement, stages, names: stageNames(stages) }];
  });
  if (suites.length === 0) return html``;
  const { headline } = result;
  const shown = suites.filter(
    ({ measurement: { threat } }) =>
      headline === null || (threat.norm === headline.norm && threat.epsilon === headline.epsilon),
  );
  return html`<section id="suites" aria-label="What each attack broke">
    <h2>What each attack broke</h2>
    <p class="note">
      The attacks of a suite run one after another, each on the images that survived the ones before it. An
      image is robust if all of them failed.
    </p>
    <div class="charts">
      ${shown.map((suite) => figure(suite, colourOf(result, suite.measurement.model)))}
    </div>
    ${table(
      "Images are those that had survived before the attack. Forward passes are evaluations without a gradient.",
      ["model", "norm, ε", "attack", "images", "broken", "gradients", "forward passes", "time"],
      suites.flatMap(rows),
    )}
  </section>`;
}

function rows({ measurement, stages, names }: Suite): string[][] {
  return stages.map(({ images, broken, queries, seconds, unfinished }, i) => [
    measurement.model,
    format.threat(measurement.threat),
    names[i]!,
    format.grouped(images) + (unfinished === undefined ? "" : ` (${format.grouped(unfinished)} unfinished)`),
    format.grouped(broken),
    format.grouped(queries.gradient),
    format.grouped(queries.forward),
    images === 0 ? "" : format.duration(seconds),
  ]);
}

function figure(suite: Suite, colour: string): Html {
  const { measurement } = suite;
  return html`<figure class="chart">
    <figcaption>
      ${attackLabel(measurement)} on ${measurement.model}, ${format.threat(measurement.threat)}
    </figcaption>
    <div
      role="img"
      tabindex="0"
      aria-label="${`${describeStages(measurement)!}, of ${measurement.n} images.`}"
    >
      ${raw(renderWaterfall(suite, colour))}
    </div>
  </figure>`;
}

/** Colour of what an attack broke: a gray that no model uses, visible on white and on black. */
const TAKEN = "#8a93a0";

/** Most names that fit side by side. */
const MOST_UPRIGHT = 7;

/** As SVG: bars for the images that are right when clean, for what each attack broke, and for the survivors. */
function renderWaterfall({ measurement, stages, names }: Suite, colour: string): string {
  const left = stages.map(({ images, broken }) => images - broken);
  const bars = [
    { name: "clean", base: 0, height: stages[0]!.images, taken: false },
    ...stages.map(({ broken }, i) => ({ name: names[i]!, base: left[i]!, height: broken, taken: true })),
    { name: "standing", base: 0, height: measurement.correct, taken: false },
  ];
  const instance = echarts.init(null, null, { renderer: "svg", ssr: true, width: 640, height: 340 });
  try {
    instance.setOption({
      animation: false,
      grid: { left: 64, right: 24, top: 28, bottom: bars.length > MOST_UPRIGHT ? 128 : 44 },
      xAxis: {
        type: "category",
        data: bars.map(({ name }) => name),
        axisTick: { show: false },
        // "APGD (margin)" on two lines, so that seven names fit side by side.
        axisLabel: {
          interval: 0,
          fontSize: 12,
          // More names, as with a budget, are rotated.
          ...(bars.length > MOST_UPRIGHT
            ? { rotate: 60 }
            : { formatter: (name: string) => name.replace(" ", "\n") }),
        },
      },
      yAxis: {
        type: "value",
        name: "images",
        nameLocation: "middle",
        nameGap: 40,
        min: 0,
        max: measurement.n,
        minInterval: 1,
        splitNumber: 4,
      },
      series: [
        // Lifts each bar to its start.
        {
          type: "bar",
          stack: "all",
          silent: true,
          itemStyle: { color: "transparent" },
          data: bars.map(({ base }) => base),
        },
        {
          type: "bar",
          stack: "all",
          barWidth: "62%",
          // A line if nothing was broken.
          barMinHeight: 2,
          clip: false,
          label: { show: true, position: "top", fontSize: 14, color: "#333", formatter: labelOf(bars) },
          data: bars.map(({ height, taken }) => ({
            value: height,
            itemStyle: { color: taken ? TAKEN : colour },
          })),
        },
      ],
    });
    return instance.renderToSVGString();
  } finally {
    instance.dispose();
  }
}

/** `−12` above what was broken, `28` above what is left. */
function labelOf(bars: readonly { height: number; taken: boolean }[]) {
  return ({ dataIndex }: { dataIndex: number }): string => {
    const { height, taken } = bars[dataIndex]!;
    return taken && height > 0 ? `−${height}` : String(height);
  };
}
