import type { ModelInfo, Result } from "../../evaluation/index.js";
import { corruptionsPart } from "../corruptions.js";
import { findingsOf } from "../findings.js";
import { bullets, document, inline } from "../markdown.js";
import { againBlock, findingsTable, modelTable, warningsList } from "../parts.js";
import { aiActRows } from "./ai-act.js";
import { gapsOf } from "./gaps.js";
import { isoRows } from "./iso.js";
import { nistRows } from "./nist.js";
import { rowsTable, type Measured } from "./row.js";

const SOURCES = [
  "A. Vassilev, A. Oprea, A. Fordyce, H. Anderson, X. Davies and M. Hamin, _Adversarial Machine Learning: A Taxonomy and Terminology of Attacks and Mitigations_, NIST AI 100-2 E2025, March 2025, <https://doi.org/10.6028/NIST.AI.100-2e2025>.",
  "ISO/IEC TR 24029-1:2021, _Artificial Intelligence (AI) — Assessment of the robustness of neural networks — Part 1: Overview_.",
  "ISO/IEC 24029-2:2023, _Artificial intelligence (AI) — Assessment of the robustness of neural networks — Part 2: Methodology for the use of formal methods_.",
  "Regulation (EU) 2024/1689 of 13 June 2024 (Artificial Intelligence Act), Article 15, <https://eur-lex.europa.eu/eli/reg/2024/1689/oj>.",
  "E. B. Wilson, _Probable inference, the law of succession, and statistical inference_, 1927: the intervals.",
];

/**
 * The measurements of one model in the terms of NIST AI 100-2, ISO/IEC 24029 and Article 15 of the EU's AI Act: evidence for
 * an assessment, never a statement of conformity. Every number has its interval, every serious warning appears in the
 * row of the number that it calls false, and what was not measured is listed.
 */
export function evidencePage(result: Result, model: ModelInfo): string {
  const measured: Measured = { result, model, findings: findingsOf(result, model.name) };
  return document(
    `# Evidence on the robustness of ${inline(model.name)}`,
    "> **This page is evidence, not compliance.** It states what was measured on one file and what was not. It does not claim that " +
      "the model, or a system that uses it, conforms to a standard or complies with a law, and it is not legal advice. Whether a rule applies, " +
      "and whether a level is enough for a purpose, must be judged by the people responsible for the system.",
    "## What was measured",
    modelTable(result, model),
    findingsTable(measured.findings),
    "An image counts as right under attack if the model is right on it and no attack changed that. Intervals are Wilson's and say how " +
      "far the accuracy on all images may be from that on the sample. Accuracy under attack is an upper bound: a stronger attack can only lower it.",
    corruptionsPart(result, model),
    "## Warnings",
    warningsList(result, model.name),
    "## In the terms of NIST AI 100-2 E2025",
    "Attacks on predictive AI at the time of deployment, by what the attacker knows.",
    rowsTable(nistRows(measured)),
    "## In the terms of ISO/IEC 24029",
    rowsTable(isoRows(measured)),
    "## In the terms of Article 15 of the EU's AI Act",
    "Article 15 is about high-risk AI systems. A measurement of a model is at most a part of what it requires.",
    rowsTable(aiActRows(measured)),
    "## What was not measured",
    bullets(gapsOf(measured)),
    "## Repeat the measurement",
    againBlock(result),
    "## Sources",
    bullets(SOURCES),
  );
}
