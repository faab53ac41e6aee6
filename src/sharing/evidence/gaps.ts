import { NORMS, normLabel, type Norm } from "../../attacks/cards/index.js";
import { formatThreat } from "../../report/index.js";
import type { Finding, Knowledge } from "../findings.js";
import { inline } from "../markdown.js";
import { damageLeft } from "./damage.js";
import type { Measured } from "./row.js";

/** What was not measured, a sentence each in Markdown: first what this evaluation might have done, then what none does. */
export function gapsOf(measured: Measured): string[] {
  const { result } = measured;
  const attacks = measured.findings.filter(({ kind }) => kind === "attack");
  return [
    ...(attacks.length === 0 ? ["Any attack."] : attackGaps(measured, attacks)),
    ...(result.limits?.notRun ?? []).map((planned) => `${inline(planned)}: planned and not begun.`),
    ...(result.dataset.classCounts.includes(0) ? ["Classes without images in the sample."] : []),
    "Perturbations without a bound in these norms: rotations, colours, objects in the physical world.",
    damageLeft(measured),
    "Data of another origin or time than the sample, and differences between groups of people.",
    "The system around the model: what decodes and resizes its images, what acts on its answers.",
    "Poisoning of data or model, extraction, inference of training data, and availability.",
    "Proofs: nothing here shows that an image cannot be broken.",
  ];
}

function attackGaps({ result, model }: Measured, attacks: readonly Finding[]): string[] {
  const has = (...known: readonly Knowledge[]): boolean =>
    attacks.some(({ knowledge }) => knowledge !== undefined && known.includes(knowledge));
  const radii = (norm: Norm): number[] =>
    attacks.flatMap(({ threat }) => (threat?.norm === norm ? [threat.epsilon] : []));
  const tried = NORMS.filter((norm) => radii(norm).length > 0);
  const untried = NORMS.filter((norm) => norm !== "patch" && !tried.includes(norm)).map(normLabel);
  const largest = tried.map((norm) => formatThreat({ norm, epsilon: Math.max(...radii(norm)) }));
  const checked = result.checks?.some((each) => each.model === model.name && each.measurement !== undefined);
  return [
    ...(untried.length === 0 ? [] : [`Perturbations bounded in ${untried.join(" or ")}.`]),
    ...(tried.includes("patch") ? [] : ["Adversarial patches."]),
    `Larger perturbations than ${largest.join("; ")}.`,
    ...(has("white-box", "white-box and score-based")
      ? []
      : ["Attacks with the model's gradient (white-box)."]),
    ...(has("score-based")
      ? []
      : ["Attacks by the model's scores alone (black-box), in a row of their own."]),
    ...(has("decision-based") ? [] : ["Attacks by the class it names alone (black-box)."]),
    ...(has("transfer") ? [] : ["Images made on another model (transfer)."]),
    ...(attacks.some(({ targeted }) => targeted) ? [] : ["Attacks towards a chosen class."]),
    ...(checked === true ? [] : ["Whether the headline's attack had converged: its checks were not made."]),
  ];
}
