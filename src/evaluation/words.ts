/** How warnings and tables name what was measured. */
import { CARDS, normLabel, SUITES } from "../attacks/cards/index.js";
import type { PlannedMeasurement } from "./plan.js";
import type {
  AttackMeasurement,
  FurtherAttack,
  NearestMeasurement,
  SuiteStageResult,
} from "./result/index.js";

/** As usually written: `PGD-40`, `FGSM`, `PGD-100 × 10`, `PGD-40 EOT-10`, `gray image`, `AutoAttack`. */
export function attackLabel(m: Pick<AttackMeasurement, "attack" | "parameters" | "further">): string {
  const { restarts, draws } = m.parameters;
  const name = attackAndSteps(m);
  const base = typeof draws === "number" && draws > 1 ? `${name} EOT-${draws}` : name;
  const told = restarts !== null && restarts > 1 ? `${base} × ${restarts}` : base;
  return m.further === undefined ? told : `${told} and ${m.further} more`;
}

/** `PGD-80`; only the name for an attack without steps, or with one. */
export function attackAndSteps({
  attack,
  parameters: { steps },
}: {
  readonly attack: string;
  readonly parameters: { readonly steps?: unknown };
}): string {
  return typeof steps === "number" && attack !== "fgsm" ? `${nameOf(attack)}-${steps}` : nameOf(attack);
}

/** What a search that a check added found: on how many images, and how many it broke. */
export function describeSearch(
  { attack, parameters, images, standing, broken }: FurtherAttack,
  aside: string = "",
): string {
  const on = images === standing ? `all ${standing}` : `${images} of the ${standing}`;
  const found = broken === 0 ? "none" : `${broken}, which count in the worst case`;
  const { queries, steps } = parameters;
  const effort = queries === undefined ? `${Number(steps)} steps` : `${Number(queries)} queries`;
  return `${nameOf(attack)}${aside} was run with ${effort} on ${on} images that were left: it broke ${found}.`;
}

/** Names a planned measurement as {@link describe} names a finished one. */
export function describePlanned(
  model: string,
  { name, label, threat, stages, isSuite }: PlannedMeasurement,
): string {
  const base = isSuite ? label : attackAndSteps({ attack: name, parameters: stages[0].options });
  return `${base} on ${model} (${normLabel(threat.norm)}, ε = ${number(threat.epsilon)})`;
}

/** `37.0 %`, or `≤ 37.0 %` if some images are unfinished. */
export function accuracyOf({
  accuracy,
  unfinished,
}: {
  readonly accuracy: number;
  readonly unfinished?: number | undefined;
}): string {
  return `${unfinished === undefined ? "" : "≤ "}${percent(accuracy)}`;
}

/** The label of our own attacks and suites; for another tool's, its name in capitals. */
export function nameOf(attack: string): string {
  const known: Readonly<Record<string, { readonly label: string }>> = { ...CARDS, ...SUITES };
  return Object.hasOwn(known, attack) ? known[attack]!.label : attack.toUpperCase();
}

/** The labels of a suite's attacks; if two are alike, with the loss that each raises: `APGD (DLR)`. */
export function stageNames(stages: readonly SuiteStageResult[]): string[] {
  const labels = stages.map(({ attack }) => nameOf(attack));
  return labels.map((label, i) => {
    const { loss } = stages[i]!.parameters;
    if (typeof loss !== "string" || labels.indexOf(label) === labels.lastIndexOf(label)) return label;
    return `${label} (${loss === "dlr" ? "DLR" : loss})`;
  });
}

/** What each attack of a suite broke: `AutoAttack on a (L∞, ε = 0.3): 99 right; APGD broke 91, APGD-T 0; 8 survived`. */
export function describeStages(m: AttackMeasurement): string | undefined {
  if (m.stages === undefined || m.stages.length === 0) return undefined;
  const names = stageNames(m.stages);
  const taken = m.stages.map(({ broken }, i) => `${names[i]}${i === 0 ? " broke" : ""} ${broken}`);
  const left = m.unfinished === undefined ? "" : `, ${m.unfinished} of them unfinished`;
  return `${describe(m)}: ${m.stages[0]!.images} right; ${taken.join(", ")}; ${m.correct} survived${left}`;
}

/** An attack, the model and the threat: `PGD-40 on a (L∞, ε = 0.3)`. */
export function describe(m: AttackMeasurement | NearestMeasurement): string {
  const from = m.kind === "transfer" ? ` from ${m.source}` : "";
  return `${attackLabel(m)}${from} on ${m.model} (${normLabel(m.threat.norm)}, ε = ${number(m.threat.epsilon)})`;
}

/** `12.3 %` */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Four significant digits. */
export function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** `a, b and c` */
export function list(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)!}`;
}
