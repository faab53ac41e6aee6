import {
  createTarget,
  pgd,
  planAttack,
  runAttack,
  type AdversarySpec,
  type Compile,
  type PlannedAttack,
} from "../attacks/index.js";
import { createLoader, type Dataset } from "../data/index.js";
import { withInitializers } from "../graph/index.js";
import type { Classifier } from "../models/index.js";
import { createGenerator, type Tensor } from "../tensor/index.js";

export interface ValidationOptions {
  readonly adversary: AdversarySpec | undefined;
  readonly steps: number;
  readonly batchSize: number;
  readonly seed: number;
  readonly threads: number;
  readonly compile?: Compile | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Accuracies on the validation images, and whether all answers were the same class. */
export interface Validation {
  readonly images: number;
  readonly clean: number;
  /** Under white-box PGD; null if the recipe has no adversary. */
  readonly robust: number | null;
  readonly collapsed: boolean;
}

/** The validation's attack: the adversary's PGD at full ε. Without an adversary, a step that moves nothing. */
export function planValidation(adversary: AdversarySpec | undefined, steps: number): PlannedAttack {
  const threat = { norm: adversary?.norm ?? "linf", epsilon: adversary?.epsilon ?? 0 } as const;
  return planAttack(pgd, threat, {
    ...(adversary === undefined ? { steps: 1, randomStart: false, stepSize: 1 } : { steps }),
    objective: "cross-entropy",
    keep: "success",
  });
}

/**
 * Clean accuracy and, if the recipe has an adversary, accuracy under its PGD at full ε.
 * Random starts depend only on the image, so that validations can be compared.
 *
 * @throws the reason `signal` was aborted with.
 */
export async function validate(
  classifier: Classifier,
  weights: ReadonlyMap<string, Tensor>,
  dataset: Dataset,
  options: ValidationOptions,
): Promise<Validation> {
  const batchSize = Math.min(options.batchSize, dataset.length);
  const target = createTarget(
    { ...classifier, graph: withInitializers(classifier.graph, weights) },
    {
      batchSize,
      threads: options.threads,
      ...(options.compile === undefined ? {} : { compile: options.compile }),
    },
  );
  const random = createGenerator(options.seed);
  const loader = createLoader(dataset, { batchSize, random, shuffle: false, workers: 0 });
  const planned = planValidation(options.adversary, options.steps);
  const answers = new Set<number>();
  let [clean, robust] = [0, 0];
  try {
    for await (const batch of loader.batches()) {
      options.signal?.throwIfAborted();
      const outcome = await runAttack(target, planned, batch, { random, signal: options.signal });
      batch.labels.forEach((label, i) => {
        answers.add(outcome.cleanPrediction[i]!);
        if (outcome.cleanPrediction[i] === label) clean++;
        if (outcome.success[i] === 0) robust++;
      });
    }
  } finally {
    await Promise.all([loader.dispose(), target.dispose()]);
  }
  return {
    images: dataset.length,
    clean: clean / dataset.length,
    robust: options.adversary === undefined ? null : robust / dataset.length,
    collapsed: answers.size === 1 && dataset.length > 1,
  };
}
