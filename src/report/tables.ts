import { normLabel } from "../attacks/cards/index.js";
import {
  accuracyOf,
  attackLabel,
  attacksOf,
  distancesOf,
  warningTitles,
  type AttackMeasurement,
  type Result,
  type ResultWarning,
  type Score,
} from "../evaluation/results.js";
import type { Chart } from "./charts.js";
import * as format from "./format.js";
import { html, type Html } from "./html.js";

/** Warnings, most serious first; a reader must not miss them. */
export function warningsSection({ warnings }: Result): Html {
  if (warnings.length === 0) {
    return html`<section id="warnings" aria-label="Checks">
      <h2>Checks</h2>
      <p>The automatic checks against false security found no problem.</p>
    </section>`;
  }
  return html`<section id="warnings" aria-label="Checks">
    <h2>Checks against false security</h2>
    <ul class="warnings">
      ${byKind(warnings).map(
        ([first, ...others]) =>
          html`<li class="${first.severity}">
            <strong>${severityWord(first.severity)}${warningTitles[first.code]}.</strong> ${first.message}
            ${
              others.length === 0
                ? null
                : html`<details>
                    <summary>and ${others.length} more of this kind</summary>
                    <ul>
                      ${others.map(({ message }) => html`<li>${message}</li>`)}
                    </ul>
                  </details>`
            }
          </li> `,
      )}
    </ul>
  </section>`;
}

/** Groups warnings by code and severity, in the order of the first of each. */
function byKind(warnings: readonly ResultWarning[]): [ResultWarning, ...ResultWarning[]][] {
  const kinds = new Map<string, [ResultWarning, ...ResultWarning[]]>();
  for (const warning of warnings) {
    const kind = `${warning.severity} ${warning.code}`;
    const known = kinds.get(kind);
    if (known === undefined) kinds.set(kind, [warning]);
    else known.push(warning);
  }
  return [...kinds.values()];
}

function severityWord(severity: "info" | "warning" | "serious"): string {
  return severity === "serious" ? "False number: " : severity === "warning" ? "Take care: " : "Note: ";
}

/** Every accuracy, with its interval, counts and parameters. */
export function accuracySection(result: Result): Html {
  const attacks = attacksOf(result.measurements);
  const transfers = attacks.filter((m) => m.kind === "transfer");
  return html`<section id="accuracy" aria-label="Accuracy">
    <h2>Accuracy</h2>
    ${table(
      "Clean images and white-box attacks (run on the model itself).",
      ["model", "attack", "accuracy", "95 % interval", "norm, ε", "steps × size", "start", "right"],
      result.measurements.flatMap((m) => {
        if (m.kind === "clean") return [row(undefined, m)];
        return m.kind === "white-box" ? [row(m, m)] : [];
      }),
    )}
    ${distanceTable(result)}
    ${
      transfers.length === 0
        ? null
        : table(
            "Transfer: the images were made on another model. This is a weak attack, shown because it must not beat the white-box one.",
            ["model", "made on", "attack", "norm, ε", "accuracy", "95 % interval", "right"],
            transfers.map((m) => [
              m.model,
              m.kind === "transfer" ? m.source : "",
              attackLabel(m),
              format.threat(m.threat),
              accuracyOf(m),
              format.interval(m.interval),
              countedOf(m),
            ]),
          )
    }
  </section>`;
}

/** Distances to the nearest adversarial images, if they were searched for. */
function distanceTable(result: Result): Html | null {
  const each = distancesOf(result);
  if (each.length === 0) return null;
  return table(
    "Distances to the nearest adversarial images found: upper bounds.",
    ["model", "attack", "norm", "right when clean", "a tenth within", "half within (median)", "found"],
    each.map(({ model, search, norm, right, distances, median }) => {
      const own = distances.toSorted((a, b) => a - b).slice(distances.length - right);
      const within = (share: number): string => format.distance(own[Math.ceil(share * right) - 1]);
      return [
        model,
        attackLabel(search),
        normLabel(norm),
        String(right),
        within(0.1),
        format.distance(median),
        `${own.filter(Number.isFinite).length} of ${right}`,
      ];
    }),
  );
}

function row(attack: AttackMeasurement | undefined, score: Score): string[] {
  const accuracy = [accuracyOf({ ...score, ...attack }), format.interval(score.interval)];
  if (attack === undefined) return [score.model, "clean", ...accuracy, "", "", "", format.counted(score)];
  const { steps, stepSize, randomStart } = attack.parameters;
  return [
    score.model,
    attackLabel(attack),
    ...accuracy,
    format.threat(attack.threat),
    steps === null ? "" : `${steps}${stepSize === null ? "" : ` × ${Number(stepSize.toPrecision(4))}`}`,
    randomStart === null ? "" : randomStart ? "random" : "the image",
    countedOf(attack),
  ];
}

/** `943 of 1000, 20 unfinished` */
function countedOf(m: AttackMeasurement): string {
  return format.counted(m) + (m.unfinished === undefined ? "" : `, ${m.unfinished} unfinished`);
}

/** A table whose first column has the row headers. */
export function table(
  caption: string,
  heads: readonly string[],
  rows: readonly (readonly (string | Html)[])[],
): Html {
  return html`<div class="scroll" role="group" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${heads.map((head) => html`<th scope="col">${head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([first, ...rest]) =>
            html`<tr>
              <th scope="row">${first}</th>
              ${rest.map((cell) => html`<td>${cell}</td>`)}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

/** The numbers in a chart, in at most twenty columns so that a long training stays readable. */
export function chartTable({ title, xName, percent, series }: Chart): Html {
  const every = [...new Set(series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const stride = Math.ceil(every.length / 20);
  const shown = every.filter((_, i) => i % stride === 0 || i === every.length - 1);
  const cell = (y: number | null | undefined): string =>
    y === null || y === undefined ? "" : percent ? format.percent(y) : String(Number(y.toPrecision(3)));
  return html`<details>
    <summary>The numbers in this chart</summary>
    ${table(
      stride > 1 ? `${title}, every ${stride}th point` : title,
      ["curve", ...shown.map((x) => `${xName} ${Number(x.toPrecision(4))}`)],
      series.map(({ name, points }) => {
        const values = new Map(points);
        return [name, ...shown.map((x) => cell(values.get(x)))];
      }),
    )}
  </details>`;
}
