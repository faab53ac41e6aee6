/** What an accuracy under attack means, in words. */
import { chanceLevel, falsifiedBy, worstCase, type Result, type ThreatInfo } from "../evaluation/index.js";
import { percent } from "./format.js";

export interface Verdict {
  readonly tone: "good" | "middle" | "bad" | "unknown";
  readonly words: string;
}

/** Share of the images that are right when clean, and the words for a model that keeps at least so much of them. */
const KEPT: readonly (readonly [least: number, tone: Verdict["tone"], words: string])[] = [
  [0.95, "good", "keeps nearly all of what it gets right"],
  [0.75, "good", "keeps most of what it gets right"],
  [0.5, "middle", "keeps more than half of what it gets right"],
  [0.25, "bad", "loses more than half of what it gets right"],
  [0, "bad", "loses most of what it gets right"],
];

/**
 * The worst case of a model in words. A serious warning about the numbers that it rests on comes before everything else, then an
 * attack that was cut off, then the accuracy of a constant answer.
 */
export function verdictOf(result: Result, model: string, threat: ThreatInfo): Verdict | undefined {
  const robust = worstCase(result, model, threat);
  const clean = result.measurements.find((m) => m.kind === "clean" && m.model === model);
  if (robust === undefined || clean === undefined) return undefined;
  if (falsifiedBy(result, robust.measurements) !== undefined)
    return { tone: "unknown", words: "not to be trusted: see the checks below" };
  if (robust.unfinished !== undefined) {
    const left = robust.unfinished === 1 ? "1 image was" : `${robust.unfinished} images were`;
    return { tone: "unknown", words: `at most: ${left} not attacked to the end` };
  }
  const chance = chanceLevel(result);
  if (clean.accuracy <= chance)
    return { tone: "bad", words: `no better than a guess (${percent(chance)}), even clean` };
  if (robust.accuracy <= chance) return { tone: "bad", words: `no better than a guess (${percent(chance)})` };
  const kept = robust.accuracy / clean.accuracy;
  const [, tone, words] = KEPT.find(([least]) => kept >= least)!;
  return { tone, words };
}
