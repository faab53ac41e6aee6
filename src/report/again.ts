/** How to repeat the measurement, and how to cite it. */
import { CORRUPTIONS, SEVERITIES } from "../data/corruptions/names.js";
import { CARDS, type Norm, type OptionRows } from "../attacks/cards/index.js";
import {
  accuracyOf,
  attacksOf,
  falsifiedBy,
  summariseCorruptions,
  warningTitles,
  worstCase,
  type AttackMeasurement,
  type Result,
} from "../evaluation/results.js";
import * as format from "./format.js";
import { html, type Html } from "./html.js";
import { attacksTold } from "./sentences.js";

/** One command, and one sentence for each model. */
export function againSection(result: Result): Html {
  const command = commandOf(result);
  const sentences = citationsOf(result);
  return html`<section id="again" aria-label="Repeat it, cite it">
    <h2>Repeat it, cite it</h2>
    ${
      command &&
      html`<pre><code>${command}</code></pre>
        <p class="note">
          The same seed gives the same numbers on the same kind of machine. A result does not keep the options
          that describe the models and the data (such as --mean, --size or --class-map): add them again.
        </p>`
    }
    ${sentences.map((sentence) => html`<blockquote>${sentence}</blockquote> `)}
  </section>`;
}

/** The attack that the evaluation was about: the first white-box attack at the headline. */
function chosenOf({ measurements, headline }: Result): AttackMeasurement | undefined {
  return attacksOf(measurements).find(
    ({ kind, threat, attack }) =>
      kind === "white-box" &&
      attack !== "gray-image" &&
      threat.norm === headline?.norm &&
      threat.epsilon === headline.epsilon,
  );
}

/** `holdfast evaluate …`; undefined if nothing was attacked, or if the command cannot draw the same sample. */
export function commandOf(result: Result): string | undefined {
  const { models, dataset, seed, measurements, headline } = result;
  const chosen = chosenOf(result);
  if ((chosen === undefined || headline === null) && result.corruptions === undefined) return undefined;
  if (dataset.sampling !== "full" && dataset.sampleSeed !== seed) return undefined;
  const search = measurements.find(({ kind }) => kind === "nearest");
  const steps = search?.kind === "nearest" ? search.parameters.steps : null;
  const words = [
    "holdfast",
    "evaluate",
    ...models.map(({ path }) => path),
    "--data",
    dataset.name,
    ...(dataset.sampling === "full" ? [] : ["--limit", String(dataset.n)]),
    "--seed",
    String(seed),
    ...attackWords(chosen, measurements),
    ...(steps === null ? [] : ["--curve", String(steps)]),
    ...corruptionWords(result),
    ...(result.runtime.device === undefined ? [] : ["--device", result.runtime.device.name]),
  ];
  return words.map(quoted).join(" ");
}

/** Norm, radii and attack; `--attack none` if nothing was attacked. */
function attackWords(
  chosen: AttackMeasurement | undefined,
  measurements: Result["measurements"],
): readonly string[] {
  if (chosen === undefined) return ["--attack", "none"];
  const { norm } = chosen.threat;
  const radii = attacksOf(measurements)
    .filter(({ attack, threat }) => attack === chosen.attack && threat.norm === norm)
    .map(({ threat }) => threat.epsilon);
  return [
    ...(norm === "linf" ? [] : ["--norm", norm]),
    "--epsilon",
    [...new Set(radii)].map(format.epsilon).join(","),
    "--attack",
    chosen.attack,
    ...optionsOf(chosen, norm),
  ];
}

/** `--corruptions`, restricted to those that were measured. */
function corruptionWords(result: Result): string[] {
  const [summary] = summariseCorruptions(result);
  if (summary === undefined) return [];
  const { kinds, severities } = summary;
  return [
    "--corruptions",
    ...(kinds.length === CORRUPTIONS.length ? [] : [kinds.join(",")]),
    ...(severities.length === SEVERITIES.length ? [] : ["--severity", severities.join(",")]),
  ];
}

/** The attack's options that differ from the defaults. */
function optionsOf({ attack, parameters, threat }: AttackMeasurement, norm: Norm): string[] {
  const rows: OptionRows = Object.hasOwn(CARDS, attack) ? CARDS[attack as keyof typeof CARDS].options : {};
  return Object.entries(rows).flatMap(([name, row]) => {
    const value = parameters[name];
    const standard =
      typeof row.default === "function"
        ? row.default({ norm, epsilon: threat.epsilon }, parameters as never)
        : row.default;
    if (value === undefined || value === null || value === standard || row.fixed === true) return [];
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return row.kind === "flag" ? [`--no-${flag}`] : [`--${flag}`, String(value)];
  });
}

/** Quotes a word for a POSIX shell. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A sentence about each model, for a paper or a pull request. */
export function citationsOf(result: Result): string[] {
  const { headline, dataset, tool, seed, models } = result;
  const chosen = chosenOf(result);
  if (headline === null || chosen === undefined) return [];
  return models.flatMap(({ name, sha256 }) => {
    const robust = worstCase(result, name, headline);
    if (robust === undefined) return [];
    const falsified = falsifiedBy(result, robust.measurements);
    const meaning =
      falsified === undefined
        ? "an upper bound"
        : `a serious warning calls this number false (${warningTitles[falsified.code]})`;
    return [
      `${name} (sha256 ${sha256.slice(0, 12)}…): ${accuracyOf(robust)} accuracy (95 % interval ${format.interval(robust.interval)}) ` +
        `under ${attacksTold(result, robust)}, ${format.threat(headline)}, on ${robust.n} images of ${dataset.name}, seed ${seed}; ` +
        `${meaning}, measured with ${tool.name} ${tool.version}.`,
    ];
  });
}
