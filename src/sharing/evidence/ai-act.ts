/** Article 15 of Regulation (EU) 2024/1689, by its paragraphs. */
import { damageMeasured } from "./damage.js";
import { cite, NOTHING, type Measured, type Row } from "./row.js";

export function aiActRows(measured: Measured): Row[] {
  const { findings, result } = measured;
  const clean = findings.filter(({ kind }) => kind === "clean");
  const together = findings.filter(({ kind }) => kind === "all-attacks");
  return [
    {
      term: "An appropriate level of accuracy, robustness and cybersecurity, consistently throughout the lifecycle",
      clause: "15(1)",
      measured: `Clean: ${cite(clean)}. Under attack: ${cite(together)}`,
      open: `Whether this is appropriate for the intended purpose, and the rest of the lifecycle: this is one file, measured on ${result.date.slice(0, 10)}.`,
    },
    {
      term: "Levels of accuracy and the relevant metrics, declared in the instructions of use",
      clause: "15(3)",
      measured: `The share of images whose largest output is their class, on ${result.dataset.n} images: ${cite(clean)}`,
      open: "Which metrics matter for the purpose, and the declaration itself.",
    },
    {
      term: "Resilience to errors, faults or inconsistencies; feedback loops",
      clause: "15(4)",
      measured: damageMeasured(measured),
      open: "Technical redundancy, fail-safe plans, other damaged or unusual inputs, and systems that continue to learn.",
    },
    {
      term: "Inputs designed to cause the model to make a mistake (adversarial examples or model evasion)",
      clause: "15(5)",
      measured: cite(together),
      open: "Measures to prevent, detect, respond to, resolve and control for such attacks; attackers without these limits.",
    },
    {
      term: "Data poisoning, model poisoning, confidentiality attacks, model flaws",
      clause: "15(5)",
      measured: NOTHING,
      open: "All of it.",
    },
  ];
}
