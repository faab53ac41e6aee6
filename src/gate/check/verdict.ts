import type { ToolInfo } from "../../evaluation/index.js";

/** `undecided`: a budget ended before the outcome was certain; it does not pass. */
export type Outcome = "passed" | "failed" | "undecided";

/** One assertion about one model. */
export interface AssertionVerdict {
  readonly model: string;
  /** `clean`, `robust@linf:4/255`, `warnings.serious`, `baseline/clean`. */
  readonly metric: string;
  /** `min 0.8`, `not worse, p < 0.05`. */
  readonly rule: string;
  readonly level: "error" | "warn";
  readonly outcome: Outcome;
  /** What was found, in words: `81.2 % (78.4–83.7 %)`. */
  readonly found: string;
  /** Line of the assertion in the configuration. */
  readonly line: number;
}

/** The outcome of a check. */
export interface Verdict {
  readonly kind: "check";
  readonly schemaVersion: 1;
  readonly tool: ToolInfo;
  /** ISO 8601, UTC. */
  readonly date: string;
  /** Path of the configuration, as given. */
  readonly config: string;
  readonly dataset: { readonly name: string; readonly n: number };
  readonly models: readonly {
    readonly name: string;
    readonly path: string;
    readonly sha256: string;
    /** Whether its results came from the cache, for the same model, images and settings. */
    readonly cached: boolean;
  }[];
  readonly assertions: readonly AssertionVerdict[];
  /** Whether every assertion of level `error` holds. */
  readonly passed: boolean;
}

/** Whether every assertion of level `error` holds. */
export function hasPassed(assertions: readonly AssertionVerdict[]): boolean {
  return assertions.every(({ level, outcome }) => level === "warn" || outcome === "passed");
}

/** `production: robust@linf:4/255 min 0.4: 38.0 % (35.0–41.0 %)` */
export function describeAssertion({ model, metric, rule, found, outcome }: AssertionVerdict): string {
  const left = outcome === "undecided" ? ", uncertain: the budget ran out" : "";
  return `${model}: ${metric} ${rule}: ${found}${left}`;
}
