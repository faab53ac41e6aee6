import { nameOf, type Example, type ExampleView, type Result } from "../evaluation/results.js";
import * as format from "./format.js";
import { html, type Html } from "./html.js";
import { heatmapOf, perturbationOf, pictureOf, type PictureOptions } from "./pictures.js";

/** With more pictures than this, they are scaled down: a hundred photographs make a page of at most 3 MB. */
const FEW = 30;
const REDUCED = 144;

/** One image, attacked on one model. */
interface Shot {
  readonly example: Example;
  readonly view: ExampleView;
}

/** Large adversarial images; each flips to the clean one, the change, and where the model looks. */
export async function gallerySection(result: Result): Promise<Html> {
  if (result.examples.length === 0) return html``;
  const shots = result.examples
    .flatMap((example) => example.views.map((view): Shot => ({ example, view })))
    .sort(gravestFirst);
  const shown: Html[] = [];
  const side = shots.length > FEW ? { side: REDUCED } : {};
  for (const [i, shot] of shots.entries()) shown.push(await shotOf(result, shot, i, side));
  const { attack, threat } = result.examples[0]!;
  return html`<section id="examples" aria-label="Examples">
    <h2>What the attack does, and where the models look</h2>
    <p class="note">
      Images that every model gets right when clean, each attacked on the model itself (${nameOf(attack)},
      ${format.threat(threat)}). Images that fooled the model come first. Point at a picture to see it clean.
      The buttons below it, or the arrow keys, show the change (magnified; gray is no change) and the
      attention of the last group, F(A) = Σ<sub>c</sub> |A<sub>c</sub>|², dark to bright.
    </p>
    ${filters(result, shots)}
    <div class="gallery">${shown}</div>
  </section>`;
}

/** Fooled before held, most confident first. */
function gravestFirst(a: Shot, b: Shot): number {
  const [fooledA, fooledB] = [isFooled(a), isFooled(b)];
  if (fooledA !== fooledB) return fooledA ? -1 : 1;
  const sure = (shot: Shot): number => shot.view.adversarialConfidence ?? 0;
  return (fooledA ? sure(b) - sure(a) : sure(a) - sure(b)) || a.example.index - b.example.index;
}

const isFooled = ({ example, view }: Shot): boolean => view.adversarialPrediction !== example.label;

/** Hidden until the page's script shows them, because they need it. */
function filters(result: Result, shots: readonly Shot[]): Html {
  const labels = [...new Set(shots.map(({ example }) => example.label))].sort((a, b) => a - b);
  return html`<form class="filters" hidden>
    <label>Search <input type="search" name="search" placeholder="class, file or model" /></label>
    <label
      >Class
      <select name="label">
        <option value="">all</option>
        ${labels.map((label) => html`<option value="${label}">${format.className(result.dataset, label)}</option>`)}
      </select></label
    >
    <label><input type="checkbox" name="fooled" /> fooled only</label>
    <output aria-live="polite"></output>
  </form>`;
}

/** One view of a picture. */
interface Face {
  readonly name: string;
  readonly alt: string;
  readonly source: Promise<string>;
  readonly kind?: "map";
}

async function shotOf(result: Result, shot: Shot, place: number, side: PictureOptions): Promise<Html> {
  const { example, view } = shot;
  const label = format.className(result.dataset, example.label);
  const said = format.className(result.dataset, view.adversarialPrediction);
  const fooled = isFooled(shot);
  const faces = facesOf(shot, label, side);
  const id = `shot-${place}`;
  const inputs: Html[] = [];
  const pictures: Html[] = [];
  for (const [i, { name, alt, source, kind }] of faces.entries()) {
    inputs.push(
      html`<input type="radio" name="${id}" id="${`${id}-${i}`}" ${i === 1 ? html`checked` : null} /><label
          for="${`${id}-${i}`}"
          >${name}</label
        >`,
    );
    const isSmall = kind === "map" || Math.max(example.clean.height, example.clean.width) < SMALL;
    pictures.push(
      html`<img
        class="${isSmall && kind !== "map" ? "pixels" : ""}"
        src="${await source}"
        alt="${alt}"
        decoding="async"
      />`,
    );
  }
  return html`<article class="shot ${fooled ? "is-fooled" : "is-held"}" data-label="${example.label}">
    <fieldset class="flip">
      <legend>${label}, attacked on ${view.model}</legend>
      ${inputs}
      <div class="stack">${pictures}</div>
    </fieldset>
    <p class="said">
      ${label} →
      <span class="${fooled ? "fooled" : "held"}">${fooled ? "✗" : "✓"} ${said}</span>${sureness(view)}
    </p>
    <p class="file">${view.model} · ${example.fileName} · ± ${Number(largestChange(view).toPrecision(2))}</p>
    ${await groupsOf(view)}
  </article>`;
}

/** Images with a shorter side are shown with visible pixels. */
const SMALL = 112;

function facesOf({ example, view }: Shot, label: string, side: PictureOptions): Face[] {
  const last = view.attention.at(-1);
  const of = `of ${label} for ${view.model}`;
  return [
    { name: "clean", alt: `clean image of ${label}`, source: pictureOf(example.clean, side) },
    { name: "attacked", alt: `adversarial image ${of}`, source: pictureOf(view.adversarial, side) },
    {
      name: "change",
      alt: "the change, magnified",
      source: perturbationOf(view.perturbation, halved(side)),
    },
    ...(last === undefined
      ? []
      : [
          {
            name: "attention",
            alt: `attention ${of}, clean, ${last.group}`,
            source: heatmapOf(last.clean),
            kind: "map" as const,
          },
          {
            name: "attention, attacked",
            alt: `attention ${of}, attacked, ${last.group}`,
            source: heatmapOf(last.adversarial),
            kind: "map" as const,
          },
        ]),
  ];
}

/** Noise takes most of a page's bytes and shows the least. */
const halved = ({ side }: PictureOptions): PictureOptions => (side === undefined ? {} : { side: side / 2 });

/** The maps of the earlier groups (the last group is one of the faces): clean above attacked. */
async function groupsOf({ model, attention }: ExampleView): Promise<Html | null> {
  if (attention.length < 2) return null;
  const pairs: Html[] = [];
  for (const { group, clean, adversarial } of attention.slice(0, -1)) {
    pairs.push(
      html`<figure class="pair">
        <img src="${await heatmapOf(clean)}" alt="attention of ${model}, ${group}, clean" decoding="async" />
        <img
          src="${await heatmapOf(adversarial)}"
          alt="attention of ${model}, ${group}, attacked"
          decoding="async"
        />
        <figcaption>${group}</figcaption>
      </figure>`,
    );
  }
  return html`<details>
    <summary>attention of the earlier groups</summary>
    <div class="row">${pairs}</div>
    <p class="file">clean above, attacked below</p>
  </details>`;
}

function largestChange({ perturbation }: ExampleView): number {
  return Math.max(Math.abs(perturbation.minimum), Math.abs(perturbation.maximum));
}

function sureness({ adversarialConfidence }: ExampleView): string {
  return adversarialConfidence === undefined ? "" : ` (${Math.round(100 * adversarialConfidence)} % sure)`;
}
