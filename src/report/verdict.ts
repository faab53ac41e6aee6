/** What an accuracy under attack means, in words. */
import { chanceLevel, falsifiedBy, worstCase, type Result, type ThreatInfo } from "../evaluation/results.js";
import { percent } from "./format.js";

export interface Verdict {
  readonly tone: "good" | "middle" | "bad" | "unknown";
  readonly words: string;
}

/** Share of the clean-right images that a model keeps, and the words for at least that share. */
const KEPT: readonly (readonly [least: number, tone: Verdict["tone"], words: string])[] = [
  [0.95, "good", "keeps nearly all of what it gets right"],
  [0.75, "good", "keeps most of what it gets right"],
  [0.5, "middle", "keeps more than half of what it gets right"],
  [0.25, "bad", "loses more than half of what it gets right"],
  [0, "bad", "loses most of what it gets right"],
];

const FALSE = { tone: "unknown", words: "cannot be trusted: see the checks below" } as const;

/**
 * Describes the worst case of a model; without a threat, only whether its clean accuracy is false. A serious warning about
 * the underlying numbers takes precedence, then an attack that was cut off, then an accuracy no better than a guess.
 */
export function verdictOf(result: Result, model: string, threat: ThreatInfo | null): Verdict | undefined {
  const clean = result.measurements.find((m) => m.kind === "clean" && m.model === model);
  if (clean === undefined) return undefined;
  if (threat === null) return falsifiedBy(result, [clean.id]) && FALSE;
  const robust = worstCase(result, model, threat);
  if (robust === undefined) return undefined;
  if (falsifiedBy(result, robust.measurements) !== undefined) return FALSE;
  if (robust.unfinished !== undefined) {
    const left = robust.unfinished === 1 ? "1 image was" : `${robust.unfinished} images were`;
    return { tone: "unknown", words: `at most: ${left} not fully attacked` };
  }
  const chance = chanceLevel(result);
  if (clean.accuracy <= chance)
    return { tone: "bad", words: `no better than a guess (${percent(chance)}), even clean` };
  if (robust.accuracy <= chance) return { tone: "bad", words: `no better than a guess (${percent(chance)})` };
  const kept = robust.accuracy / clean.accuracy;
  const [, tone, words] = KEPT.find(([least]) => kept >= least)!;
  return { tone, words };
}
