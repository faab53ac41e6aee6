import type { RunConfig, ValidationRecord } from "../../training/index.js";
import { needsOf } from "../../losses/index.js";
import { accuracy } from "../answer.js";
import * as format from "../format.js";
import { html, type Html } from "../html.js";
import { noticesOf, type Notice } from "./notices.js";
import {
  bestOf,
  intervalOf,
  lengthOf,
  placeOf,
  recentAccuracy,
  validationsOf,
  type Place,
  type TrainingView,
} from "./view.js";

/** The first screen: what is trained, its progress, its results so far, and any problem. */
export function answerSection(view: TrainingView): Html {
  const { history, failure } = view;
  return html`<header id="answer">
    <p class="kicker">${KICKERS[view.phase]}${history === undefined ? "" : ` · ${toolOf(history.config)}`}</p>
    <h1>${titleOf(view)}</h1>
    <p class="lead">${history === undefined ? `Preparing the run in ${view.folder}.` : subjectOf(view)}</p>
    ${failure === undefined ? null : html`<p class="callout"><strong>It failed.</strong> ${failure}</p>`}
    ${progressOf(view)} ${history === undefined ? null : cardsOf(view)}
  </header>`;
}

const KICKERS: Readonly<Record<TrainingView["phase"], string>> = {
  preparing: "Training, preparing",
  training: "Training, running",
  finished: "Training, finished",
  stopped: "Training, stopped",
  failed: "Training, failed",
};

const toolOf = ({ tool }: RunConfig): string => `${tool.name} ${tool.version}`;

/** The progress of the training in one line. */
export function titleOf(view: TrainingView): string {
  const { history, phase } = view;
  if (history === undefined)
    return phase === "failed" ? "The training did not start" : "Preparing a training run";
  const what = `${history.config.settings.recipe.title} on ${history.config.data}`;
  const { step, steps } = placeOf(view);
  switch (phase) {
    case "preparing":
      return `${what}: preparing`;
    case "training":
      return steps === undefined
        ? `${what}: at step ${step}`
        : `${what}: ${Math.floor((100 * step) / steps)} % done`;
    case "stopped":
      return `${what}: stopped after step ${step}`;
    case "failed":
      return `${what}: failed after step ${step}`;
    case "finished": {
      const robust = bestOf(history)?.robust ?? null;
      return robust === null
        ? `${what}: trained`
        : `${what}: right on at most ${format.percent(robust)} under attack`;
    }
  }
}

/** Model, data, adversary and ε in a sentence. */
function subjectOf({ history }: TrainingView): string {
  const { config } = history!;
  const { adversary, weights } = config.settings.recipe;
  const images = lengthOf(history!)?.images;
  const learns = `${config.model} learns ${images === undefined ? "" : `${format.grouped(images)} images of `}${config.data} in ${config.classNames.length} classes`;
  if (adversary === undefined) return `${learns}, without an adversary.`;
  const attacked = `each attacked by PGD-${adversary.steps} within ${format.threat(adversary)}`;
  return `${learns}, ${attacked}${needsOf(weights).clean ? ", as well as the clean images" : ""}.`;
}

function progressOf(view: TrainingView): Html | null {
  const place = placeOf(view);
  const { step, steps } = place;
  if (view.history === undefined) return null;
  const share = steps === undefined ? undefined : Math.min(1, step / steps);
  const facts = factsOf(view, place);
  return html`<section class="place" aria-label="Where it is">
    ${
      share === undefined || view.phase === "finished"
        ? null
        : html`<div
            class="bar"
            role="progressbar"
            aria-label="steps done"
            aria-valuemin="0"
            aria-valuemax="${steps}"
            aria-valuenow="${step}"
            aria-valuetext="${`${step} of ${steps} steps`}"
          >
            <span class="share" style="width:${`${(100 * share).toFixed(1)}%`}"></span>
          </div>`
    }
    <dl>
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div> `,
      )}
    </dl>
  </section>`;
}

function factsOf({ history, phase }: TrainingView, place: Place): (readonly [string, string])[] {
  const { settings } = history!.config;
  const { step, steps, epoch, seconds, stepsPerSecond, secondsLeft } = place;
  const of = (value: string, whole: string | undefined): string =>
    whole === undefined ? value : `${value} of ${whole}`;
  const imagesPerSecond = (stepsPerSecond ?? 0) * settings.batchSize;
  return [
    ["step", of(format.grouped(step), steps === undefined ? undefined : format.grouped(steps))],
    ...(epoch === undefined
      ? []
      : [["epoch", of(epoch.toFixed(1), String(Number(settings.epochs.toFixed(1))))] as const]),
    ...(phase === "training"
      ? [["time left", secondsLeft === undefined ? "…" : format.duration(secondsLeft)] as const]
      : []),
    ...(seconds === undefined
      ? []
      : [[phase === "training" ? "elapsed" : "took", format.duration(seconds)] as const]),
    ...(imagesPerSecond === 0 ? [] : [["images per second", rate(imagesPerSecond)] as const]),
  ];
}

const rate = (value: number): string => (value < 10 ? value.toFixed(1) : format.grouped(Math.round(value)));

/** The latest validation, and the best if it is another one; for a finished training, only the best, whose weights are kept. */
function cardsOf(view: TrainingView): Html | null {
  const history = view.history!;
  const last = validationsOf(history).at(-1);
  const best = bestOf(history);
  const verdict = verdictOf(noticesOf(view));
  if (last === undefined || best === undefined) return waitingCard(view, verdict);
  if (view.phase === "finished") return validationCard(view, "The weights kept", best, verdict);
  const lastCard = validationCard(view, "Latest validation", last, verdict);
  if (best.step === last.step) return lastCard;
  return html`${lastCard} ${validationCard(view, "Best so far (these weights are kept)", best, null)}`;
}

function validationCard(
  { history }: TrainingView,
  title: string,
  { step, images, clean, robust }: ValidationRecord,
  verdict: Html | null,
): Html {
  const { recipe, validation } = history!.config.settings;
  const { adversary } = recipe;
  const scored = (share: number) => ({ accuracy: share, interval: intervalOf(share, images) });
  return html`<section class="model" aria-label="${title}">
    <div class="who">
      <h2>${title}</h2>
      <p class="subtitle">step ${step}, on ${images} images held out from training</p>
      ${verdict}
    </div>
    <dl class="accuracies">
      ${accuracy("clean", format.percent(clean), scored(clean))}
      ${
        robust === null
          ? null
          : accuracy(
              `PGD-${validation.steps}${adversary === undefined ? "" : `, ${format.threat(adversary)}`}`,
              format.percent(robust),
              scored(robust),
              true,
            )
      }
    </dl>
  </section>`;
}

/** Before the first validation there are only the training batches. */
function waitingCard(view: TrainingView, verdict: Html | null): Html | null {
  const history = view.history!;
  const recent = recentAccuracy(history);
  if (recent === undefined) return null;
  const { validation } = history.config.settings;
  const length = lengthOf(history);
  const next =
    validation.images === 0
      ? "no images are held out for validation"
      : length === undefined
        ? "not validated yet"
        : `first validation after step ${Math.min(length.steps, Math.max(1, Math.round(validation.every * length.stepsPerEpoch)))}`;
  return html`<section class="model" aria-label="Training batches">
    <div class="who">
      <h2>Training batches</h2>
      <p class="subtitle">${next}</p>
      ${verdict}
    </div>
    <dl class="accuracies">
      <div class="accuracy">
        <dt>
          ${needsOf(history.config.settings.recipe.weights).adversarial ? "adversarial" : "clean"}, recently
        </dt>
        <dd class="number">${format.percent(recent)}</dd>
        <dd class="bar" aria-hidden="true">
          <span class="share" style="width:${`${(100 * recent).toFixed(1)}%`}"></span>
        </dd>
      </div>
    </dl>
  </section>`;
}

const TONES = { serious: "bad", warning: "middle", info: "unknown" } as const;

/** The most serious notice in a few words. */
function verdictOf([first]: readonly Notice[]): Html {
  if (first === undefined) return html`<p class="verdict good">no warnings</p>`;
  return html`<p class="verdict ${TONES[first.severity]}">${first.title}</p>`;
}
