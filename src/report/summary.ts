import { normLabel } from "../attacks/cards/index.js";
import {
  accuracyOf,
  attackLabel,
  differenceInterval,
  distancesOf,
  worstCase,
  type Measurement,
  type ModelInfo,
  type Result,
  type ThreatInfo,
} from "../evaluation/index.js";
import * as format from "./format.js";
import { html, type Html } from "./html.js";

/** The first thing a reader sees: what held, against what, and what that does not say. */
export function summarySection(result: Result): Html {
  const { headline, dataset } = result;
  const sentences =
    headline === null ? [] : result.models.map((model) => sentenceOf(result, model, headline));
  return html`<section id="summary" aria-label="Summary">
    <h1>How well does it hold?</h1>
    <p class="lead">
      ${dataset.n} images of
      ${dataset.name}${
        dataset.sampling === "full" ? "" : `, a class-balanced sample of ${dataset.population}`
      }${headline === null ? "." : `, attacked under ${format.threat(headline)}.`}
    </p>
    ${cards(result)}
    <ul class="sentences">
      ${[...sentences, comparison(result)].filter((each) => each !== undefined).map((each) => html`<li>${each}</li> `)}
    </ul>
    ${result.statements.map((statement) => html`<p class="note">${statement}</p> `)}
  </section>`;
}

function cards(result: Result): Html {
  const { headline } = result;
  const distances = distancesOf(result);
  return html`<div class="cards">
    ${result.models.map((model) => {
      const clean = cleanOf(result, model.name);
      const robust = headline === null ? undefined : worstCase(result, model.name, headline);
      const near = distances.find((each) => each.model === model.name);
      return html`<div class="card">
        <h2>${model.name}</h2>
        <p class="subtitle">${model.recipe ?? "no recipe known"}, ${model.architecture}</p>
        <dl>
          ${
            clean &&
            html`<div>
              <dt>clean</dt>
              <dd>${format.percent(clean.accuracy)}</dd>
            </div>`
          }
          ${
            robust &&
            html`<div class="strong">
              <dt>under attack, at most</dt>
              <dd>${accuracyOf(robust)}</dd>
            </div>`
          }
          ${
            near &&
            html`<div>
              <dt>median ${normLabel(near.norm)} distance, at most</dt>
              <dd>${format.distance(near.median)}</dd>
            </div>`
          }
        </dl>
        ${robust && meter(robust.accuracy)}
      </div>`;
    })}
  </div>`;
}

function meter(share: number): Html {
  return html`<div class="meter" role="presentation">
    <div style="width:${(100 * share).toFixed(1)}%"></div>
  </div>`;
}

function cleanOf(result: Result, model: string): { accuracy: number } | undefined {
  return result.measurements.find((m) => m.kind === "clean" && m.model === model);
}

function sentenceOf(result: Result, { name }: ModelInfo, headline: ThreatInfo): string | undefined {
  const clean = cleanOf(result, name);
  const robust = worstCase(result, name, headline);
  if (clean === undefined || robust === undefined) return undefined;
  const attacks = result.measurements.filter(({ id }) => robust.measurements.includes(id));
  const checks =
    result.checks?.filter(({ measurement }) => attacks.some(({ id }) => id === measurement)) ?? [];
  const isLess = checks.some(({ further = [] }) => further.some(({ broken }) => broken > 0));
  return (
    `${name} is right on ${format.percent(clean.accuracy)} of the clean images and on ` +
    `${robust.unfinished === undefined ? "" : "at most "}${format.percent(robust.accuracy)} (95 % interval ${format.interval(robust.interval)}) when each may be ` +
    `changed under ${format.threat(headline)} (${namesOf(attacks)}${isLess ? ", and the checks" : ""}).`
  );
}

/** `PGD-40, gray image, and by transfer from a, b`: every attack that the number rests on. */
function namesOf(attacks: readonly Measurement[]): string {
  const own = attacks.flatMap((m) =>
    m.kind === "white-box" || m.kind === "nearest" ? [attackLabel(m)] : [],
  );
  const sources = attacks.flatMap((m) => (m.kind === "transfer" ? [m.source] : []));
  const transfer = sources.length === 0 ? [] : [`by transfer from ${[...new Set(sources)].join(", ")}`];
  return [[...new Set(own)].join(", "), ...transfer].filter((part) => part !== "").join(", and ");
}

/** The two ends of the table compared, when their intervals allow it. */
function comparison(result: Result): string | undefined {
  const { headline } = result;
  if (headline === null || result.models.length < 2) return undefined;
  const ranked = result.models
    .map(({ name }) => ({ name, robust: worstCase(result, name, headline) }))
    .filter((each) => each.robust !== undefined)
    .sort((a, b) => b.robust!.accuracy - a.robust!.accuracy);
  const [best, worst] = [ranked[0], ranked.at(-1)];
  if (best === undefined || worst === undefined || best === worst) return undefined;
  // Where attacks were cut off there are bounds alone.
  if (ranked.some(({ robust }) => robust!.unfinished !== undefined)) return undefined;
  const { low, high } = differenceInterval(best.robust!, worst.robust!);
  const points = `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} points`;
  return low > 0
    ? `${best.name} holds better than ${worst.name} by ${points} (95 % interval).`
    : `The difference between ${best.name} and ${worst.name} is within chance (${points}).`;
}
