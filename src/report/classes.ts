/** Which classes an attack breaks first, and what they are mistaken for. */
import {
  attackLabel,
  attacksOf,
  type AttackMeasurement,
  type PerAttackedImage,
  type Result,
} from "../evaluation/results.js";
import * as format from "./format.js";
import { html, type Html } from "./html.js";
import { table } from "./tables.js";

/** Rows shown at first; a click opens the others. */
const SHOWN = 12;
/** With more classes, a list of the most frequent mistakes replaces the matrix. */
const MOST_CELLS = 20;
const MOST_MISTAKES = 20;

/** Empty if no attack at the headline has per-image predictions. */
export function classesSection(result: Result): Html {
  const attacks = result.models.flatMap(({ name }) => strongestOn(result, name) ?? []);
  if (attacks.length === 0) return html``;
  return html`<section id="classes" aria-label="Classes">
    <h2>Which classes break first, and what they are mistaken for</h2>
    <p class="note">For each model, under its strongest attack at the headline’s ε.</p>
    ${attacks.map(({ measurement, columns }, i) => {
      const title = `${measurement.model} under ${attackLabel(measurement)}, ${format.threat(measurement.threat)}`;
      const content = html`<div class="side">
        <div>${classTable(result, title, columns)}</div>
        ${mistakes(result, columns)}
      </div>`;
      return attacks.length === 1 || i === 0
        ? content
        : html`<details>
            <summary>${title}</summary>
            ${content}
          </details>`;
    })}
  </section>`;
}

interface Strongest {
  readonly measurement: AttackMeasurement;
  readonly columns: PerAttackedImage;
}

/** The white-box attack that leaves the lowest accuracy, among those with per-image predictions. */
function strongestOn({ measurements, headline }: Result, model: string): Strongest | undefined {
  let found: Strongest | undefined;
  for (const measurement of attacksOf(measurements)) {
    const { threat, parameters, perImage, accuracy } = measurement;
    const isHeadline = threat.norm === headline?.norm && threat.epsilon === headline.epsilon;
    if (measurement.model !== model || !isHeadline || parameters.targeted || perImage === undefined) continue;
    if (found === undefined || accuracy < found.measurement.accuracy)
      found = { measurement, columns: perImage };
  }
  return found;
}

interface ClassRow {
  readonly label: number;
  readonly images: number;
  readonly clean: number;
  readonly standing: number;
  /** What its images are mistaken for under attack, most frequent first. */
  readonly taken: readonly (readonly [prediction: number, count: number])[];
}

/** Classes with images, sorted by the share that the attack leaves, smallest first. */
export function classRows({
  label,
  cleanPrediction,
  adversarialPrediction,
}: Pick<PerAttackedImage, "label" | "cleanPrediction" | "adversarialPrediction">): ClassRow[] {
  const places = new Map<number, number[]>();
  label.forEach((each, i) => {
    const own = places.get(each);
    if (own === undefined) places.set(each, [i]);
    else own.push(i);
  });
  const rows = [...places].map(([each, own]): ClassRow => {
    const counts = new Map<number, number>();
    for (const i of own) {
      const said = adversarialPrediction[i]!;
      if (said !== each) counts.set(said, (counts.get(said) ?? 0) + 1);
    }
    return {
      label: each,
      images: own.length,
      clean: own.filter((i) => cleanPrediction[i] === each).length,
      standing: own.filter((i) => adversarialPrediction[i] === each).length,
      taken: [...counts].sort(([a, m], [b, n]) => n - m || a - b),
    };
  });
  return rows.sort((a, b) => a.standing / a.images - b.standing / b.images || a.label - b.label);
}

function classTable(result: Result, title: string, columns: PerAttackedImage): Html {
  const rows = classRows(columns).map(({ label, images, clean, standing, taken }) => [
    format.className(result.dataset, label),
    String(images),
    format.percent(clean / images),
    bar(standing / images),
    taken
      .slice(0, 3)
      .map(([said, count]) => `${format.className(result.dataset, said)} (${count})`)
      .join(", "),
  ]);
  const heads = ["class", "images", "right when clean", "right under attack", "mostly mistaken for"];
  const rest = rows.slice(SHOWN);
  return html`${table(title, heads, rows.slice(0, SHOWN))}
  ${
    rest.length === 0
      ? null
      : html`<details>
          <summary>${rest.length} more classes</summary>
          ${table("Classes that hold up better", heads, rest)}
        </details>`
  }`;
}

function bar(share: number): Html {
  return html`<span class="inline-bar" aria-hidden="true"
      ><span style="width:${(100 * share).toFixed(1)}%"></span></span
    >${format.percent(share)}`;
}

/** What each class is mistaken for: a matrix or, for many classes, the most frequent mistakes. */
function mistakes(result: Result, columns: PerAttackedImage): Html {
  const rows = classRows(columns).toSorted((a, b) => a.label - b.label);
  const name = (label: number): string => format.className(result.dataset, label);
  const said = new Set([
    ...rows.map(({ label }) => label),
    ...rows.flatMap(({ taken }) => taken.map(([each]) => each)),
  ]);
  const heads = [...said].sort((a, b) => a - b);
  if (heads.length > MOST_CELLS) {
    const all = rows.flatMap(({ label, images, taken }) =>
      taken.map(([each, count]) => ({ label, images, each, count })),
    );
    const most = all.sort((a, b) => b.count - a.count || a.label - b.label).slice(0, MOST_MISTAKES);
    if (most.length === 0) return html``;
    return table(
      "Most frequent mistakes under this attack",
      ["class", "mistaken for", "images"],
      most.map(({ label, images, each, count }) => [name(label), name(each), `${count} of ${images}`]),
    );
  }
  const isLong = heads.some((label) => name(label).length > 4);
  return html`<div class="scroll" role="group" aria-label="confusion matrix" tabindex="0">
    <table class="confusion${isLong ? " long" : ""}">
      <caption>
        Confusion matrix under this attack: rows are classes, columns are what their images are classified as
      </caption>
      <thead>
        <tr>
          <td></td>
          ${heads.map((label) => html`<th scope="col">${name(label)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => {
          const counts = new Map(row.taken).set(row.label, row.standing);
          return html`<tr>
            <th scope="row">${name(row.label)}</th>
            ${heads.map((label) => cell(counts.get(label) ?? 0, row.images, label === row.label))}
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

function cell(count: number, images: number, isRight: boolean): Html {
  const shade = count === 0 ? "" : `--share:${(count / images).toFixed(3)}`;
  return html`<td class="${isRight ? "right" : "wrong"}" style="${shade}">${count === 0 ? "·" : count}</td>`;
}
