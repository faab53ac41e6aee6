import type { ShownImage } from "../../training/index.js";
import * as format from "../format.js";
import { html, type Html } from "../html.js";
import type { TrainingView } from "./view.js";

/** A few images of the latest validation, clean and under attack, with the model's predictions; empty before the first one. */
export function imagesSection({ history }: TrainingView): Html {
  const { shown, config } = history ?? {};
  if (config === undefined || shown === undefined || shown.images.length === 0)
    return html`<section id="images"></section>`;
  const { recipe, validation } = config.settings;
  const attack =
    recipe.adversary === undefined
      ? "clean"
      : `clean and under PGD-${validation.steps}, ${format.threat(recipe.adversary)}`;
  return html`<section id="images" aria-label="Validation images">
    <h2>Validation images</h2>
    <p class="note">
      ${shown.images.length} of the validation images at step ${shown.step}, ${attack}. Below each picture is
      the model's prediction.
    </p>
    <div class="seen">${shown.images.map((image) => imageOf(image, config))}</div>
  </section>`;
}

interface Classes {
  readonly classNames: readonly string[];
}

function imageOf({ fileName, label, clean, adversarial }: ShownImage, classes: Classes): Html {
  const name = format.className(classes, label);
  const picture = (kind: string, { prediction, png }: ShownImage["clean"]): Html => {
    const isRight = prediction === label;
    return html`<figure>
      <img src="${`data:image/png;base64,${png}`}" alt="${kind} image of ${name}" />
      <figcaption>
        ${kind}<br /><span class="${isRight ? "held" : "fooled"}"
          >${isRight ? "✓" : "✗"} ${format.className(classes, prediction)}</span
        >
      </figcaption>
    </figure>`;
  };
  return html`<article aria-label="${name}">
    <p class="said">${name}</p>
    <div class="row">
      ${picture("clean", clean)} ${adversarial === null ? null : picture("adversarial", adversarial)}
    </div>
    <p class="file">${fileName}</p>
  </article>`;
}
