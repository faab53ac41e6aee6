import {
  accuracyOf,
  threatsOf,
  distancesOf,
  falsifiedBy,
  summariseCorruptions,
  worstCase,
  type Interval,
  type ModelInfo,
  type Result,
  type ThreatInfo,
} from "../evaluation/results.js";
import { normLabel } from "../attacks/cards/index.js";
import * as format from "./format.js";
import { html, type Html } from "./html.js";
import { sentencesOf } from "./sentences.js";
import { verdictOf } from "./verdict.js";

/** The first screen: what each model keeps at each ε, how sure that is, and what it means. */
export function answerSection(result: Result): Html {
  const { dataset, date, tool } = result;
  const threats = threatsOf(result);
  return html`<header id="answer">
    <p class="kicker">Robustness report · ${tool.name} ${tool.version} · ${date.slice(0, 10)}</p>
    <h1>${titleOf(result)}</h1>
    <p class="lead">
      ${dataset.n} images of
      ${dataset.name}${dataset.sampling === "full" ? "" : `, a class-balanced sample of ${dataset.population}`}.
      ${threats.length === 0 ? "" : "Under attack, an image counts as right if no attack that was tried broke it, so these accuracies are upper bounds."}
    </p>
    ${result.models.map((model) => modelOf(result, model, threats))}
    <ul class="sentences">
      ${sentencesOf(result).map((each) => html`<li>${each}</li> `)}
    </ul>
    ${result.statements.map((statement) => html`<p class="note">${statement}</p> `)}
  </header>`;
}

/** `AT+ALP is right on at most 88.9 % under attack`, or a question if there are several answers or none. */
export function titleOf(result: Result): string {
  const { headline, models } = result;
  const [only] = models;
  const [corrupted, ...more] = summariseCorruptions(result);
  if (headline === null && corrupted !== undefined)
    return more.length > 0
      ? `How well do ${models.length} models hold under corruptions?`
      : `${corrupted.model} is right on ${format.percent(corrupted.accuracy)} under corruptions`;
  if (headline === null || only === undefined || models.length > 1)
    return models.length > 1
      ? `How well do ${models.length} models hold under attack?`
      : "How well does it hold under attack?";
  const robust = worstCase(result, only.name, headline);
  if (robust === undefined) return `How well does ${only.name} hold under attack?`;
  if (falsifiedBy(result, robust.measurements) !== undefined)
    return `${only.name}: its accuracy under attack cannot be trusted`;
  return `${only.name} is right on at most ${format.percent(robust.accuracy)} under attack`;
}

function modelOf(result: Result, model: ModelInfo, threats: readonly ThreatInfo[]): Html {
  const { headline } = result;
  const verdict = verdictOf(result, model.name, headline);
  const clean = result.measurements.find((m) => m.kind === "clean" && m.model === model.name);
  const distance = distancesOf(result).find((each) => each.model === model.name);
  const corrupted = summariseCorruptions(result).find((each) => each.model === model.name);
  return html`<section class="model" aria-label="${model.name}">
    <div class="who">
      <h2>${model.name}</h2>
      <p class="subtitle">${model.recipe === null ? "" : `${model.recipe}, `}${model.architecture}</p>
      ${verdict && html`<p class="verdict ${verdict.tone}">${verdict.words}</p>`}
    </div>
    <dl class="accuracies">
      ${clean && accuracy("clean", format.percent(clean.accuracy), clean)}
      ${threats.map((threat) => {
        const robust = worstCase(result, model.name, threat);
        const isHeadline = threat.norm === headline?.norm && threat.epsilon === headline.epsilon;
        return robust && accuracy(format.threat(threat), accuracyOf(robust), robust, isHeadline);
      })}
      ${
        corrupted?.interval &&
        accuracy("mean, corruptions", format.percent(corrupted.accuracy), {
          accuracy: corrupted.accuracy,
          interval: corrupted.interval,
        })
      }
      ${
        distance &&
        html`<div class="accuracy">
          <dt>median ${normLabel(distance.norm)} distance</dt>
          <dd class="number">≤ ${format.distance(distance.median)}</dd>
        </div>`
      }
    </dl>
  </section>`;
}

/** An accuracy with its interval, as a number and as a bar. */
export function accuracy(
  name: string,
  shown: string,
  { accuracy: share, interval }: { readonly accuracy: number; readonly interval: Interval },
  isHeadline = false,
): Html {
  const at = (value: number): string => `${(100 * value).toFixed(1)}%`;
  return html`<div class="accuracy${isHeadline ? " headline" : ""}">
    <dt>${name}</dt>
    <dd class="number">${shown}</dd>
    <dd class="range">${format.interval(interval)}</dd>
    <dd class="bar" aria-hidden="true">
      <span class="share" style="width:${at(share)}"></span
      ><span class="spread" style="left:${at(interval.low)};width:${at(interval.high - interval.low)}"></span>
    </dd>
  </div>`;
}
