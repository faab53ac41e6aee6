import {
  attackAndSteps,
  attackLabel,
  attacksOf,
  percent,
  type BoundaryScores,
  type FailureSigns,
  type FurtherAttack,
  type Result,
} from "../evaluation/results.js";
import { html, type Html } from "./html.js";
import { table } from "./tables.js";

const PURPOSE: Readonly<Record<FurtherAttack["purpose"], string>> = {
  longer: "twice the steps",
  adaptive: "an attack on the attention maps and the logits at once",
  search: "a longer search without gradients",
  decision: "an attack that sees only the predicted class",
  "straight-through": "an attack with gradients straight through what rounds or clips",
};

/** The extra checks; empty if there were none. */
export function checksSection({ checks = [], measurements }: Result): Html {
  const labels = new Map(attacksOf(measurements).map((m) => [m.id, attackLabel(m)]));
  const rows = checks.flatMap(({ model, measurement = "", repeats, further = [], signs, boundary }) => {
    const beside = labels.get(measurement) ?? "";
    return [
      ...(repeats === undefined ? [] : [[model, "the same images five times", "", ...repeated(repeats)]]),
      ...further.map((each) => [model, PURPOSE[each.purpose], attackAndSteps(each), ...tried(each)]),
      ...(signs === undefined
        ? []
        : [[model, "signs of a failing attack", attackAndSteps(signs), ...seen(signs)]]),
      ...(boundary === undefined
        ? []
        : [[model, "the scores just before the class changes", "", ...scored(boundary)]]),
    ].map((row) => [...row.slice(0, 1), beside, ...row.slice(1)]);
  });
  if (rows.length === 0) return html``;
  return html`<section id="checks" aria-label="What was checked">
    <h2>What was checked</h2>
    ${table(
      "On samples of the images that survived the headline's attack. Images that a check broke count in the worst case.",
      ["model", "after", "check", "attack", "images", "found"],
      rows,
    )}
  </section>`;
}

function repeated({
  images,
  correct,
  averagedOver,
}: {
  readonly images: number;
  readonly correct: readonly number[];
  readonly averagedOver?: number | undefined;
}): string[] {
  const found = averagedOver === undefined ? "the same outputs" : `${correct.join(", ")} right: they differ`;
  return [String(images), found];
}

function tried({ images, standing, broken }: FurtherAttack): string[] {
  return [`${images} of ${standing}`, broken === 0 ? "none broken" : `${broken} broken`];
}

function scored({ images, cliffs }: BoundaryScores): string[] {
  const found =
    images === 0
      ? "not seen: no line led to another class"
      : cliffs === 0
        ? "they fall towards 0"
        : `${cliffs} still led by more than half of the clean lead`;
  return [String(images), found];
}

function seen({ images, noGradient, instability, lost, rising, refuted, unbounded }: FailureSigns): string[] {
  const counts: readonly [number, string][] = [
    [noGradient, "without a gradient"],
    [lost, "lost"],
    [rising, "still rising"],
    [refuted, "refuted by the model"],
    [unbounded, "unbroken without limits"],
  ];
  const found = counts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return [String(images), [...found, `noise changes the margin by ${percent(instability)}`].join(", ")];
}
