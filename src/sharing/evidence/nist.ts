/** Terms of NIST AI 100-2 E2025, by its sections and the identifiers of its index of attacks. */
import type { Finding, Knowledge } from "../findings.js";
import { inline } from "../markdown.js";
import { cite, names, NOTHING, type Measured, type Row } from "./row.js";

export function nistRows({ findings, model }: Measured): Row[] {
  const attacks = findings.filter(({ kind }) => kind === "attack");
  const by = (...known: readonly Knowledge[]): Finding[] =>
    attacks.filter(({ knowledge }) => knowledge !== undefined && known.includes(knowledge));
  const transfer = by("transfer");
  const targeted = attacks.filter((finding) => finding.targeted);
  return [
    {
      term: "Evasion attacks (integrity violation)",
      clause: "§2.2, NISTAML.022",
      measured: cite(findings.filter(({ kind }) => kind === "all-attacks")),
      open: "Attacks that were not tried: these numbers are upper bounds.",
    },
    {
      term: "White-box evasion attacks",
      clause: "§2.2.1",
      measured: cite(by("white-box", "white-box and score-based")),
      open: "Stronger attacks, and attacks made for this model.",
    },
    {
      term: "Black-box evasion attacks, score-based",
      clause: "§2.2.2, NISTAML.025",
      measured: cite(by("score-based")),
      open:
        by("white-box and score-based").length === 0
          ? "More queries."
          : "More queries. The suite ends with a score-based attack on what its white-box attacks left; it was not measured alone.",
    },
    {
      term: "Black-box evasion attacks, decision-based",
      clause: "§2.2.2, NISTAML.025",
      measured: cite(by("decision-based")),
      open: "More queries.",
    },
    {
      term: "Transferability of attacks",
      clause: "§2.2.3",
      measured:
        transfer.length === 0
          ? NOTHING
          : `${cite(transfer)}. Made on ${names(transfer.map(({ source }) => source ?? ""))}.`,
      open: "Other surrogates. A high number is weak evidence: an attacker who knows the model does better.",
    },
    {
      term: "Attacker's objective",
      clause: "§2.1.2",
      measured:
        attacks.length === 0
          ? NOTHING
          : targeted.length === 0
            ? "Untargeted misclassification."
            : `Untargeted misclassification, and towards chosen classes: ${cite(targeted)}.`,
      open: targeted.length === 0 ? "Misclassification as a chosen class." : "Other chosen classes.",
    },
    {
      term: "Mitigations",
      clause: "§2.2.5",
      measured:
        model.recipe === null
          ? "The result does not say how the model was trained."
          : `The model was trained by the recipe ${inline(model.recipe)}.`,
      open: "That the mitigation works: the numbers above are all that is known about it.",
    },
    {
      term: "Poisoning attacks",
      clause: "§2.3",
      measured: NOTHING,
      open: "Whether training data or the model's file were tampered with.",
    },
    {
      term: "Privacy attacks",
      clause: "§2.4",
      measured: NOTHING,
      open: "Whether training data can be inferred, or the model copied.",
    },
  ];
}
