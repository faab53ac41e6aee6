import type { RunHistory } from "../../training/index.js";
import { html, raw, type Html } from "../html.js";
import { chartsSection } from "../figures.js";
import { pageOf, policyOf } from "../page.js";
import { answerSection, titleOf } from "./answer.js";
import { trainingCharts } from "./curves.js";
import { imagesSection } from "./images.js";
import { LIVE_SCRIPT } from "./live-script.js";
import { nextSection, noticesSection, settingsSection } from "./sections.js";
import { TRAINING_STYLES } from "./styles.js";
import type { TrainingView } from "./view.js";

/** A page in parts that can be updated one by one. */
export interface TrainingPage {
  readonly title: string;
  /** Name and version of the program. */
  readonly generator: string;
  /** By element id, in order. */
  readonly sections: ReadonlyMap<string, string>;
}

/** The parts of the page of a training. */
export function trainingPage(view: TrainingView): TrainingPage {
  const sections: Record<string, Html> = {
    answer: answerSection(view),
    warnings: noticesSection(view),
    images: imagesSection(view),
    charts: curvesOf(view.history),
    settings: settingsSection(view),
    next: nextSection(view),
  };
  const tool = view.history?.config.tool;
  return {
    title: titleOf(view),
    generator: tool === undefined ? "holdfast" : `${tool.name} ${tool.version}`,
    sections: new Map(Object.entries(sections).map(([id, { html: text }]) => [id, text])),
  };
}

/** Drawing takes a twentieth of a second, so charts are drawn only once while nothing changes. */
const drawn = new WeakMap<RunHistory, Html>();

function curvesOf(history: RunHistory | undefined): Html {
  const known = history && drawn.get(history);
  if (known !== undefined) return known;
  const charts = history === undefined ? [] : trainingCharts(history);
  const curves = charts.length === 0 ? html`<section id="charts"></section>` : chartsSection(charts, NOTE);
  if (history !== undefined) drawn.set(history, curves);
  return curves;
}

const NOTE =
  "Bars at validation points are 95 % Wilson intervals. Accuracy under attack is an upper bound. The run folder's log.jsonl has every number.";

/** The page of a training as one self-contained HTML file. */
export function renderTraining(view: TrainingView): string {
  return pageText(trainingPage(view), {});
}

/** The page as its server sends it, which updates itself from there. */
export function renderLive(page: TrainingPage): string {
  return pageText(page, { liveScript: LIVE_SCRIPT });
}

function pageText(
  { title, generator, sections }: TrainingPage,
  live: { readonly liveScript?: string },
): string {
  return pageOf({
    title,
    generator,
    styles: TRAINING_STYLES,
    content: html`${live.liveScript === undefined ? null : LIVE_BAR} ${Array.from(sections.values(), raw)}`,
    data: html``,
    ...live,
  });
}

/** The policy of a live page. */
export const LIVE_POLICY: string = policyOf({ liveScript: LIVE_SCRIPT });

/** Controlled by the script; without scripts, it says how to see updates. */
const LIVE_BAR = html`<div id="live" class="live">
  <p role="status">This page shows the training as of when the page was loaded.</p>
  <button type="button" hidden aria-pressed="false">Pause</button>
  <noscript><a href="/">Reload</a></noscript>
</div>`;
