import { NORMS, normLabel, type Norm } from "../../attacks/cards/index.js";
import { formatThreat } from "../../report/index.js";
import type { Finding, Knowledge } from "../findings.js";
import { inline } from "../markdown.js";
import { damageLeft } from "./damage.js";
import type { Measured } from "./row.js";

/** What was not measured, one Markdown sentence each: first what this evaluation could have done, then what none does. */
export function gapsOf(measured: Measured): string[] {
  const { result } = measured;
  const attacks = measured.findings.filter(({ kind }) => kind === "attack");
  return [
    ...(attacks.length === 0 ? ["Any attack."] : attackGaps(measured, attacks)),
    ...(result.limits?.notRun ?? []).map((planned) => `${inline(planned)}: planned but not started.`),
    ...(result.dataset.classCounts.includes(0) ? ["Classes with no images in the sample."] : []),
    "Perturbations that these norms do not bound: rotations, colours, objects in the physical world.",
    damageLeft(measured),
    "Data of another origin or time than the sample, and differences between groups of people.",
    "The system around the model: what decodes and resizes its images, and what acts on its outputs.",
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
      : ["Attacks using only the model's scores (black-box), in a row of their own."]),
    ...(has("decision-based") ? [] : ["Attacks using only the predicted class (black-box)."]),
    ...(has("transfer") ? [] : ["Images made on another model (transfer)."]),
    ...(attacks.some(({ targeted }) => targeted) ? [] : ["Attacks towards a chosen class."]),
    ...(checked === true ? [] : ["Whether the headline's attack had converged: this was not checked."]),
  ];
}
