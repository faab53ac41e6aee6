import type { AdversarySpec } from "../attacks/index.js";
import type { LossWeights } from "../losses/index.js";
import type { ModelDefence } from "../models/index.js";

/** A defence as data: what it does to the model, which adversary it trains against, what it minimises. */
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
  /** Layers that the defence adds to the network; none by default. */
  readonly model?: ModelDefence | undefined;
  /** The loss's gradient is taken at weights moved by γ ‖w‖ per tensor, after this share of the steps. */
  readonly weightPerturbation?: { readonly gamma: number; readonly from: number } | undefined;
  /**
   * Steps on the same batch, the perturbation living on from one to the next and moved by the
   * update's own gradient (free adversarial training); 1 by default.
   */
  readonly replays?: number | undefined;
}
