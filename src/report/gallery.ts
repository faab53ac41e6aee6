import { nameOf, type Example, type ExampleView, type Result } from "../evaluation/index.js";
import * as format from "./format.js";
import { html, type Html } from "./html.js";
import { heatmapOf, perturbationOf, pictureOf } from "./pictures.js";

/** Clean and adversarial images, the perturbation, and the attention of each group, side by side. */
export async function gallerySection(result: Result): Promise<Html> {
  if (result.examples.length === 0) return html``;
  const examples: Html[] = [];
  for (const example of result.examples) examples.push(await exampleOf(result, example));
  const { attack, threat } = result.examples[0]!;
  return html`<section id="examples" aria-label="Examples">
    <h2>What the attack does, and where the models look</h2>
    <p>
      Images that every model gets right when clean, each attacked on the model itself (${nameOf(attack)},
      ${format.threat(threat)}). The perturbation is magnified: gray is no change. The maps show F(A) = Σ<sub
        >c</sub
      >
      |A<sub>c</sub>|² of each group, dark to bright, clean above adversarial.
    </p>
    ${examples}
  </section>`;
}

async function exampleOf(result: Result, example: Example): Promise<Html> {
  const label = format.className(result.dataset, example.label);
  const views: Html[] = [];
  for (const view of example.views) views.push(await viewOf(result, view, label));
  return html`<article class="example">
    <div class="original">
      ${await figure(pictureOf(example.clean), `clean image of ${label}`, label)}
      <p class="file">${example.fileName}</p>
    </div>
    <div class="views">${views}</div>
  </article>`;
}

async function viewOf(result: Result, view: ExampleView, label: string): Promise<Html> {
  const fooled = view.adversarialPrediction !== view.cleanPrediction;
  const said = format.className(result.dataset, view.adversarialPrediction);
  const attention: Html[] = [];
  for (const { group, clean, adversarial } of view.attention) {
    attention.push(
      html`<figure class="pair">
        <img
          src="${await heatmapOf(clean)}"
          alt="attention of ${view.model}, ${group}, clean image of ${label}"
        />
        <img
          src="${await heatmapOf(adversarial)}"
          alt="attention of ${view.model}, ${group}, adversarial image of ${label}"
        />
        <figcaption>${group}</figcaption>
      </figure>`,
    );
  }
  const change = largestChange(view);
  return html`<div class="view">
    <h3>${view.model}</h3>
    <div class="row">
      ${await figure(
        pictureOf(view.adversarial),
        `adversarial image of ${label} for ${view.model}`,
        html`<span class="${fooled ? "fooled" : "held"}">${fooled ? "✗" : "✓"} ${said}</span
          >${confidence(view)}`,
      )}
      ${await figure(
        perturbationOf(view.perturbation),
        `perturbation, magnified`,
        `± ${Number(change.toPrecision(2))}, magnified`,
      )}
      ${attention}
    </div>
  </div>`;
}

function largestChange({ perturbation }: ExampleView): number {
  return Math.max(Math.abs(perturbation.minimum), Math.abs(perturbation.maximum));
}

function confidence({ adversarialConfidence }: ExampleView): string {
  return adversarialConfidence === undefined ? "" : ` (${Math.round(100 * adversarialConfidence)} %)`;
}

async function figure(source: Promise<string>, alt: string, caption: Html | string): Promise<Html> {
  return html`<figure>
    <img src="${await source}" alt="${alt}" />
    <figcaption>${caption}</figcaption>
  </figure>`;
}
