import {
  corruptionLabel,
  summariseCorruptions,
  type CorruptedMeasurement,
  type CorruptionSummary,
  type Result,
} from "../evaluation/results.js";
import * as format from "./format.js";
import { html, type Html } from "./html.js";

/** A heat map per model: kinds down, severities across. Darker cells lose more accuracy. */
export function corruptionsSection(result: Result): Html {
  const summaries = summariseCorruptions(result);
  if (summaries.length === 0) return html``;
  return html`<section id="corruptions" aria-label="Corruptions">
    <h2>Under corruptions</h2>
    ${summaries.map((summary) => modelOf(result, summary))}
    <p class="note">
      Each cell shows the accuracy and, below it, its 95 % Wilson interval. The colour shows how much of the
      clean accuracy is lost.
      ${summaries.some(({ interval }) => interval !== undefined) ? "The interval of the mean treats each image's share of right predictions as one draw." : ""}
    </p>
  </section>`;
}

function modelOf(result: Result, summary: CorruptionSummary): Html {
  const { model, kinds, severities, accuracy, interval, mce, of, mean } = summary;
  const clean = result.measurements.find((m) => m.kind === "clean" && m.model === model)?.accuracy;
  const caption =
    `${model}: mean accuracy ${format.percent(accuracy)}` +
    (interval === undefined ? "" : ` (${format.interval(interval)})`) +
    (clean === undefined ? "" : `, clean ${format.percent(clean)}`) +
    (mce === undefined ? "" : `; mCE ${mce.toFixed(1)} % of ${result.corruptions!.baseline!.model}`);
  return html`<div class="scroll" role="group" aria-label="${caption}" tabindex="0">
    <table class="corruptions">
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          <th scope="col">corruption</th>
          ${severities.map((severity) => html`<th scope="col">severity ${severity}</th>`)}
          <th scope="col">mean</th>
        </tr>
      </thead>
      <tbody>
        ${kinds.map(
          (kind) =>
            html`<tr>
              <th scope="row">${corruptionLabel(kind)}</th>
              ${severities.map((severity) => cellOf(of(kind, severity), clean))}
              <td>${format.percent(mean(kind))}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

function cellOf(measured: CorruptedMeasurement | undefined, clean: number | undefined): Html {
  if (measured === undefined) return html`<td></td>`;
  const { accuracy, interval } = measured;
  const lost = clean === undefined || clean === 0 ? 0 : Math.max(0, 1 - accuracy / clean);
  return html`<td style="--lost:${lost.toFixed(2)}">
    ${format.percent(accuracy)}<br /><span class="range">${format.interval(interval)}</span>
  </td>`;
}
