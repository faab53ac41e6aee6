/** Accuracy under corruptions in Markdown: on damaged images that nobody attacked. */
import {
  corruptionLabel,
  falsifiedBy,
  summariseCorruptions,
  type CorruptionSummary,
  type ModelInfo,
  type Result,
} from "../evaluation/results.js";
import { interval, percent } from "../report/index.js";
import { document, table } from "./markdown.js";

/** Undefined if the model was not measured under corruptions. */
export function corruptionsOf(result: Result, { name }: ModelInfo): CorruptionSummary | undefined {
  return summariseCorruptions(result).find(({ model }) => model === name);
}

/** `Mean accuracy under 2 corruptions (fog, snow) at severity 3: 60.0 % (95 % interval 51.2 – 68.8 %), 100 images each`. */
export function describeCorruptions(result: Result, summary: CorruptionSummary): string {
  const { model, kinds, severities, n, accuracy, interval: range } = summary;
  const of = kinds.length === 1 ? "1 corruption" : `${kinds.length} corruptions`;
  const at = `${severities.length === 1 ? "severity" : "severities"} ${severities.join(", ")}`;
  const ranged = range === undefined ? "" : ` (95 % interval ${interval(range)})`;
  const clean = result.measurements.find((m) => m.kind === "clean" && m.model === model);
  const isFalse = clean !== undefined && falsifiedBy(result, [clean.id]) !== undefined;
  return (
    `Mean accuracy under ${of} (${kinds.map(corruptionLabel).join(", ")}) at ${at}: ${percent(accuracy)}${ranged}, ${n} images each` +
    (isFalse ? " **(a serious warning calls the clean accuracy false, and so this one)**" : "")
  );
}

/** The mean, and every accuracy with its interval; empty if none was measured. */
export function corruptionsPart(result: Result, model: ModelInfo): string {
  const summary = corruptionsOf(result, model);
  if (summary === undefined) return "";
  const { kinds, severities, mce, of } = summary;
  const relative = mce === undefined ? "" : ` Its mCE is ${mce.toFixed(1)} %.`;
  return document(
    `${describeCorruptions(result, summary)}.${relative} The table gives the 95 % Wilson interval of each.`,
    table(
      ["corruption", ...severities.map((severity) => `severity ${severity}`)],
      kinds.map((kind) => [
        corruptionLabel(kind),
        ...severities.map((severity) => {
          const each = of(kind, severity);
          return each === undefined ? "" : `${percent(each.accuracy)} (${interval(each.interval)})`;
        }),
      ]),
    ),
  ).trimEnd();
}
