/** Terms of ISO/IEC TR 24029-1:2021 and ISO/IEC 24029-2:2023. */
import { worstCase } from "../../evaluation/results.js";
import { formatThreat } from "../../report/index.js";
import type { Finding } from "../findings.js";
import { cite, NOTHING, type Measured, type Row } from "./row.js";

export function isoRows(measured: Measured): Row[] {
  const { findings } = measured;
  const together = findings.filter(({ kind }) => kind === "all-attacks");
  const balls = together.map(({ threat }) => formatThreat(threat!));
  return [
    {
      term: "Statistical methods",
      clause: "TR 24029-1, clause 5",
      measured: `Accuracy on a test sample, clean and under attack, with Wilson intervals: ${cite([...findings.filter(({ kind }) => kind === "clean"), ...together])}`,
      open: "Images of another origin than the sample. The interval is of the sampling alone.",
    },
    {
      term: "Formal methods",
      clause: "TR 24029-1; 24029-2, clause 6",
      measured: "Nothing was proved.",
      open: "That the images that no attack broke cannot be broken.",
    },
    {
      term: "Empirical methods (field trials, a posteriori testing)",
      clause: "TR 24029-1",
      measured: NOTHING,
      open: "How the system does where it is used.",
    },
    {
      term: "Domain",
      clause: "24029-2, 5.2",
      measured:
        balls.length === 0
          ? "No domain but the images themselves."
          : `A ball around each image of the sample, cut to pixels in \\[0, 1\\]: ${balls.join("; ")}.`,
      open: "Everything outside these balls. This robustness is local: only around the sampled images.",
    },
    {
      term: "Stability",
      clause: "24029-2, 5.3",
      measured: together.length === 0 ? NOTHING : together.map((each) => stability(measured, each)).join(" "),
      open: "Stability of any image: an attack can find counterexamples, but cannot prove that there are none.",
    },
    {
      term: "Sensitivity, relevance, reachability",
      clause: "24029-2, 5.4 to 5.6",
      measured: NOTHING,
      open: "All of it.",
    },
  ];
}

/** Images that are right when clean and broken have a counterexample; the others are undecided. */
function stability({ result, model }: Measured, { id, threat, falsifiedBy }: Finding): string {
  const worst = worstCase(result, model.name, threat!)!;
  const clean = result.measurements.find((m) => m.kind === "clean" && m.model === model.name);
  const at = `${formatThreat(threat!)} (${id})`;
  if (clean === undefined || clean.n !== worst.n) return `${at}: see the accuracy.`;
  const note =
    falsifiedBy === undefined ? "" : " **A serious warning says that the search for them failed.**";
  return (
    `${at}: of ${clean.correct} images that are right when clean, a counterexample to stability was found for ` +
    `${clean.correct - worst.correct}; ${worst.correct} are undecided.${note}`
  );
}
