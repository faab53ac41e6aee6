import {
  chanceLevel,
  differenceInterval,
  falsifiedBy,
  type AttackMeasurement,
} from "../../evaluation/results.js";
import { formatEpsilon, html, interval, percent, type Html } from "../../report/index.js";
import { publishedValue } from "../published.js";
import type { ReproducedDatasetResult, ReproducedRow, ReproductionResult } from "../result.js";
import { cleanOf, epsilonsOf, isGuess, titleOf, transferOf, whiteBoxOf } from "./tables.js";

/** The first screen: which defence keeps the most under white-box attack on each dataset, by how much, and what the paper reports. */
export function answerSection(reproduction: ReproductionResult): Html {
  const { tool, preset, datasets, date } = reproduction;
  return html`<header id="answer">
    <p class="kicker">Reproduction of AT+ALP · ${tool.name} ${tool.version} · ${date.slice(0, 10)}</p>
    <h1>${titleOfAll(datasets)}</h1>
    <p class="lead">Preset “${preset.name}”: ${preset.description}</p>
    ${datasets.map(datasetCard)}
    <p class="callout">
      <strong>Gray-box and black-box measure transfer, not robustness.</strong> As in the paper, those images
      were made on undefended models, so they cannot adapt to a defence. The white-box columns attack the
      defended model itself with PGD. They are upper bounds of its robustness, and the numbers to judge a
      defence by.
    </p>
  </header>`;
}

/** A defence under white-box attack at one ε. */
interface Ranked {
  readonly row: ReproducedRow;
  readonly robust: AttackMeasurement;
}

interface Ranking {
  readonly epsilon: number;
  /** Most accurate first; those whose number is not robustness come last. */
  readonly rows: readonly [Ranked, ...Ranked[]];
}

/** At the ε that separates the defences most; undefined if no white-box attack was run. */
export function rankingOf(dataset: ReproducedDatasetResult): Ranking | undefined {
  const rankings = epsilonsOf(dataset).flatMap((epsilon): Ranking[] => {
    const [first, ...others] = dataset.rows
      .flatMap((row) => {
        const robust = whiteBoxOf(dataset, row.model, epsilon);
        return robust === undefined ? [] : [{ row, robust }];
      })
      .toSorted(
        (a, b) =>
          Number(isFalse(dataset, a)) - Number(isFalse(dataset, b)) || b.robust.accuracy - a.robust.accuracy,
      );
    return first === undefined ? [] : [{ epsilon, rows: [first, ...others] }];
  });
  const spread = ({ rows }: Ranking): number => {
    const accuracies = rows.filter((each) => !isFalse(dataset, each)).map(({ robust }) => robust.accuracy);
    return accuracies.length === 0 ? -1 : Math.max(...accuracies) - Math.min(...accuracies);
  };
  return rankings.toSorted((a, b) => spread(b) - spread(a) || a.epsilon - b.epsilon)[0];
}

/** Whether a serious warning calls the number false, or the model is no better than a guess. */
function isFalse(dataset: ReproducedDatasetResult, { row, robust }: Ranked): boolean {
  return isGuess(dataset, row.model) || falsifiedBy(dataset.result, [robust.id]) !== undefined;
}

function titleOfAll(datasets: readonly ReproducedDatasetResult[]): string {
  const firsts = datasets.flatMap((dataset) => {
    const ranking = rankingOf(dataset);
    return ranking === undefined || ranking.rows.length < 2 || isFalse(dataset, ranking.rows[0])
      ? []
      : [{ dataset, ranking, first: ranking.rows[0] }];
  });
  const [only] = firsts;
  if (only === undefined || firsts.length < datasets.length)
    return "Attention and Adversarial Logit Pairing, reproduced";
  const best = only.first.row.title;
  if (firsts.length === 1) {
    const at = `${percent(only.first.robust.accuracy)} under white-box attack, ε = ${formatEpsilon(only.ranking.epsilon)}`;
    const [first, second] = only.ranking.rows;
    const isSure = differenceInterval(first.robust, second!.robust).low > 0;
    return `On ${only.dataset.title}, ${best} keeps the most: ${at}${isSure ? "" : ", within chance of the next"}`;
  }
  return firsts.every(({ first }) => first.row.title === best)
    ? `${best} keeps the most under white-box attack on all ${firsts.length} datasets`
    : `No defence keeps the most under white-box attack on all ${firsts.length} datasets`;
}

function datasetCard(dataset: ReproducedDatasetResult): Html {
  const ranking = rankingOf(dataset);
  const { n } = dataset.result.dataset;
  return html`<section class="model" aria-label="${dataset.title}, in short">
    <div class="who">
      <h2><a href="${`#${encodeURIComponent(dataset.id)}`}">${dataset.title}</a></h2>
      <p class="subtitle">
        ${n} test
        images${ranking === undefined ? "" : `; under white-box attack at ε = ${formatEpsilon(ranking.epsilon)} (pale bar: clean)`}
      </p>
    </div>
    ${
      ranking === undefined
        ? html`<p>No white-box attack was run.</p>`
        : html`<ol class="ranks">
            ${ranking.rows.map((each) => rank(dataset, each))}
          </ol>`
    }
    <ul class="sentences">
      ${sentencesOf(dataset).map((each) => html`<li>${each}</li> `)}
    </ul>
  </section>`;
}

function rank(dataset: ReproducedDatasetResult, { row, robust }: Ranked): Html {
  const clean = cleanOf(dataset, row.model);
  const words = [
    ...(clean === undefined ? [] : [`clean ${percent(clean.accuracy)}`]),
    ...(isGuess(dataset, row.model) || !isFalse(dataset, { row, robust })
      ? []
      : ["cannot be trusted: see the checks"]),
  ];
  const wide = (share: number): string => `width:${(100 * share).toFixed(1)}%`;
  return html`<li>
    <span class="name">${titleOf(dataset, row)}</span>
    <span class="bar" aria-hidden="true">
      ${clean && html`<span class="share pale" style="${wide(clean.accuracy)}"></span>`}
      <span class="share" style="${wide(robust.accuracy)}"></span>
    </span>
    <span><b>${percent(robust.accuracy)}</b> <small>${interval(robust.interval)}</small></span>
    <small>${words.join("; ")}</small>
  </li>`;
}

/** What the ranking shows beyond chance. */
export function sentencesOf(dataset: ReproducedDatasetResult): string[] {
  return [leadOf(dataset), overNone(dataset), paperOf(dataset), lostAt(dataset)].filter(
    (each) => each !== undefined,
  );
}

function leadOf(dataset: ReproducedDatasetResult): string | undefined {
  const [first, second] = rankingOf(dataset)?.rows ?? [];
  if (first === undefined || second === undefined || isFalse(dataset, first)) return undefined;
  return `${first.row.title} is ${ahead(first, second, `${titleOf(dataset, second.row)}, the next`)}.`;
}

function overNone(dataset: ReproducedDatasetResult): string | undefined {
  const rows = rankingOf(dataset)?.rows ?? [];
  const [first, second] = rows;
  const none = rows.find(({ row }) => row.recipe === "undefended");
  if (first === undefined || none === undefined || none === first || none === second) return undefined;
  if (isFalse(dataset, first)) return undefined;
  return `${first.row.title} is ${ahead(first, none, "no defence")}.`;
}

function ahead(a: Ranked, b: Ranked, name: string): string {
  const { low, high } = differenceInterval(a.robust, b.robust);
  const points = `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)} points`.replace("-", "−");
  return low > 0 ? `ahead of ${name} by ${points} (95 % interval)` : `within chance of ${name} (${points})`;
}

/** The paper's own measure: transfer, at its smaller radius. */
function paperOf(dataset: ReproducedDatasetResult): string | undefined {
  const scored = dataset.rows.flatMap((row) => {
    const ours = transferOf(dataset, row.model, "gray-box", PAPER_EPSILON)?.accuracy;
    const theirs = publishedValue("accuracy", dataset.id, row.recipe, "gray-box", PAPER_EPSILON);
    return ours === undefined || theirs === undefined || isGuess(dataset, row.model)
      ? []
      : [{ row, ours, theirs }];
  });
  const [ours] = scored.toSorted((a, b) => b.ours - a.ours);
  const [theirs] = scored.toSorted((a, b) => b.theirs - a.theirs);
  if (ours === undefined || theirs === undefined) return undefined;
  return (
    `In the paper's own test, gray-box transfer at ε = ${formatEpsilon(PAPER_EPSILON)}, the best here is ${titleOf(dataset, ours.row)} ` +
    `(${percent(ours.ours)}); in the paper it is ${theirs.row.title} (${theirs.theirs} %).`
  );
}

const PAPER_EPSILON = 0.25;

/** The smallest ε from which up no defence beats a guess. */
function lostAt(dataset: ReproducedDatasetResult): string | undefined {
  const chance = chanceLevel(dataset.result);
  const isLost = (epsilon: number): boolean =>
    dataset.rows.every(({ model }) => (whiteBoxOf(dataset, model, epsilon)?.accuracy ?? Infinity) <= chance);
  const epsilon = epsilonsOf(dataset).find(isLost);
  if (epsilon === undefined) return undefined;
  return `From ε = ${formatEpsilon(epsilon)} up, no defence beats a guess (${percent(chance)}) under white-box attack.`;
}
