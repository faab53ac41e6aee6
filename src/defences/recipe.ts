import type { AdversarySpec } from "../attacks/index.js";
import type { LossWeights } from "../losses/index.js";

/** A defence as data: which adversary it trains against and what it minimises. */
export interface Recipe {
  /** As on the command line: `at-alp`. */
  readonly name: string;
  /** As in Table 1: `AT+ALP`. */
  readonly title: string;
  /** One sentence in plain words. */
  readonly description: string;
  readonly source: string;
  /** undefined: trains on clean images only. */
  readonly adversary: AdversarySpec | undefined;
  readonly weights: LossWeights;
}
