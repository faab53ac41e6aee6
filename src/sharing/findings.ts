/** The measurements of one model for documents: numbered, each with its interval and caveats. */
import { CARDS, type Access } from "../attacks/cards/index.js";
import {
  accuracyOf,
  attackLabel,
  attacksOf,
  falsifiedBy,
  threatsOf,
  worstCase,
  type AttackMeasurement,
  type Interval,
  type Result,
  type ResultWarning,
  type ThreatInfo,
} from "../evaluation/results.js";
import { formatThreat, interval } from "../report/index.js";

/** What an attack knew about the model, in the terms of NIST AI 100-2; `suite` used its gradient and then its scores. */
export type Knowledge =
  "white-box" | "white-box and score-based" | "score-based" | "decision-based" | "transfer" | "none";

export interface Finding {
  /** `M1`: documents refer to it by this. */
  readonly id: string;
  readonly kind: "clean" | "attack" | "all-attacks";
  /** `clean images`, `PGD-40`, `all attacks together`: may contain user-chosen names. */
  readonly what: string;
  readonly threat: ThreatInfo | undefined;
  /** Undefined for clean images and for several attacks. */
  readonly knowledge: Knowledge | undefined;
  /** For transfer: the model that the images were made on. */
  readonly source: string | undefined;
  readonly targeted: boolean;
  readonly n: number;
  readonly correct: number;
  readonly accuracy: number;
  readonly interval: Interval;
  readonly unfinished: number | undefined;
  readonly warnings: readonly ResultWarning[];
  /** The serious warning that calls the number false. */
  readonly falsifiedBy: ResultWarning | undefined;
}

/** Clean accuracy first, then each threat: all attacks together, and each of them. */
export function findingsOf(result: Result, model: string): Finding[] {
  const found: Omit<Finding, "id">[] = [];
  for (const m of result.measurements) {
    if (m.kind !== "clean" || m.model !== model) continue;
    found.push({
      ...scoreOf(m),
      kind: "clean",
      what: "clean images",
      ...notAttacked,
      ...warned(result, [m.id]),
    });
  }
  for (const threat of threatsOf(result, model)) {
    const worst = worstCase(result, model, threat)!;
    found.push({
      ...scoreOf(worst),
      kind: "all-attacks",
      what: "all attacks together",
      ...notAttacked,
      threat,
      ...warned(result, worst.measurements),
    });
    found.push(...attacksUnder(result, model, threat).map((m) => attackFinding(result, m)));
  }
  const targeted = attacksOf(result.measurements).filter((m) => m.model === model && m.parameters.targeted);
  found.push(...targeted.map((m) => attackFinding(result, m)));
  return found.map((finding, i) => ({ id: `M${i + 1}`, ...finding }));
}

const notAttacked = { threat: undefined, knowledge: undefined, source: undefined, targeted: false } as const;

function attacksUnder(
  { measurements }: Result,
  model: string,
  { norm, epsilon }: ThreatInfo,
): AttackMeasurement[] {
  return attacksOf(measurements).filter(
    (m) =>
      m.model === model && m.threat.norm === norm && m.threat.epsilon === epsilon && !m.parameters.targeted,
  );
}

function attackFinding(result: Result, m: AttackMeasurement): Omit<Finding, "id"> {
  return {
    ...scoreOf(m),
    kind: "attack",
    what: attackLabel(m),
    threat: m.threat,
    knowledge: knowledgeOf(m),
    source: m.kind === "transfer" ? m.source : undefined,
    targeted: m.parameters.targeted,
    ...warned(result, [m.id]),
  };
}

function scoreOf(
  score: Pick<Finding, "n" | "correct" | "accuracy" | "interval"> & {
    readonly unfinished?: number | undefined;
  },
) {
  const { n, correct, accuracy, interval: range } = score;
  return { n, correct, accuracy, interval: range, unfinished: score.unfinished };
}

function warned(result: Result, ids: readonly string[]): Pick<Finding, "warnings" | "falsifiedBy"> {
  return {
    warnings: result.warnings.filter((w) => w.measurements.some((id) => ids.includes(id))),
    falsifiedBy: falsifiedBy(result, ids),
  };
}

function knowledgeOf(m: AttackMeasurement): Knowledge {
  if (m.kind === "transfer") return "transfer";
  if (m.attack === "gray-image") return "none";
  const needs = (m.stages ?? [m]).map(({ attack }) => accessOf(attack));
  if (needs.includes("gradient")) return needs.includes("logits") ? "white-box and score-based" : "white-box";
  return needs.includes("logits") ? "score-based" : "decision-based";
}

/** Another tool's attack used the gradient, as the kind of its measurement says. */
function accessOf(attack: string): Access {
  return Object.hasOwn(CARDS, attack) ? CARDS[attack as keyof typeof CARDS].access : "gradient";
}

/** `62.0 % (95 % interval 52.2 – 70.9 %)`; `≤` if some images are unfinished. */
export function describeScore(finding: Finding): string {
  const { confidence } = finding.interval;
  return `${accuracyOf(finding)} (${Math.round(100 * confidence)} % interval ${interval(finding.interval)})`;
}

/** `all attacks together, L∞, ε = 0.3`; `as` escapes its user-chosen parts. */
export function describeFinding(
  { what, threat, source, targeted }: Finding,
  as: (text: string) => string = (text) => text,
): string {
  const from = source === undefined ? "" : ` made on ${source}`;
  const at = threat === undefined ? "" : `, ${formatThreat(threat)}`;
  return `${as(`${what}${from}`)}${targeted ? " (targeted)" : ""}${at}`;
}
