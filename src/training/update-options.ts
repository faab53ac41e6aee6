import { trunkOf, type Classifier } from "../models/index.js";
import type { TrainingSettings } from "./settings/index.js";
import type { UpdateGraphOptions } from "./update-graph.js";

/** What the update graph of a training is built from, but for how it is computed. */
export function updateOptions(
  classifier: Classifier,
  settings: TrainingSettings,
): Omit<UpdateGraphOptions, "parts" | "segments"> {
  const { batchSize, recipe, optimiser, decayAll, clipNorm, emaDecay } = settings;
  return {
    batchSize,
    weights: recipe.weights,
    gamma: recipe.weightPerturbation?.gamma,
    free: (recipe.replays ?? 1) > 1,
    optimiser,
    decayAll,
    clipNorm: clipNorm ?? undefined,
    ema: emaDecay > 0,
    ...trunkOptions(classifier, settings),
  };
}

/** What is frozen, or learns at another rate. */
function trunkOptions(
  classifier: Classifier,
  { trunkLearningRate: factor = 1 }: TrainingSettings,
): Pick<UpdateGraphOptions, "frozen" | "rates"> {
  if (factor === 1) return {};
  const trunk = trunkOf(classifier);
  return factor === 0 ? { frozen: trunk } : { rates: new Map(Array.from(trunk, (name) => [name, factor])) };
}
