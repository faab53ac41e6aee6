/** What attacks without gradients broke in a suite. */
import { CARDS } from "../attacks/cards/index.js";
import type { AttackMeasurement, SuiteStageResult } from "./result/index.js";
import { nameOf } from "./words.js";

/** If an attack without gradients takes more accuracy than this, the gradient attacks failed (as in AutoAttack's reference). */
const MARGIN = 0.002;

/** Whether an attack uses the model's gradient; an attack of another tool is assumed to. */
export function needsGradient(attack: string): boolean {
  const known: Readonly<Record<string, { readonly access: string }>> = CARDS;
  return !Object.hasOwn(known, attack) || known[attack]!.access === "gradient";
}

/** The attacks of a suite that use no gradient and were run, such as `Square`; none for a single attack. */
export function gradientFreeNames({ stages = [] }: Pick<AttackMeasurement, "stages">): string[] {
  const ran = stages.filter(
    ({ attack, images, unfinished = 0 }) => !needsGradient(attack) && images > unfinished,
  );
  return [...new Set(ran.map(({ attack }) => nameOf(attack)))];
}

/** Attacks without gradients, and how many images they broke that the gradient attacks before them had left. */
export interface BrokenBlindly {
  readonly stages: readonly SuiteStageResult[];
  readonly broken: number;
}

/**
 * What attacks without gradients broke after the gradient attacks of a suite, if it is enough to say that gradients mislead. This
 * includes the first part of an attack that searches by queries and only then by gradients.
 */
export function brokenBlindly({
  stages = [],
  parameters,
  n,
}: Pick<AttackMeasurement, "stages" | "parameters" | "n">): BrokenBlindly | undefined {
  const first = stages.findIndex(({ attack }) => needsGradient(attack));
  const blindly = (stage: SuiteStageResult): number =>
    needsGradient(stage.attack) ? (stage.blind ?? 0) : stage.broken;
  const blind = stages.filter(
    (stage, i) => first >= 0 && i > first && (!needsGradient(stage.attack) || blindly(stage) > 0),
  );
  const broken = blind.reduce((sum, stage) => sum + blindly(stage), 0);
  return parameters.targeted || broken <= MARGIN * n ? undefined : { stages: blind, broken };
}
