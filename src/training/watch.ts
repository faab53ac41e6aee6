import { HoldfastError, type ErrorDetails } from "../errors/index.js";
import { predictions } from "../attacks/index.js";
import type { ValidationRecord } from "./state.js";

/** The loss of a training became NaN or infinite (exit code 1), and it cannot recover. */
export class DivergedError extends HoldfastError {
  override readonly exitCode = 1;
  /** The step at which it happened, counted from 1. */
  readonly step: number;

  constructor({ step, ...details }: ErrorDetails & { readonly step: number }) {
    super(details);
    this.step = step;
  }
}

/** Consecutive steps with one class for all images before this counts as a collapse. */
const PATIENCE = 50;

/** Share of a batch without a gradient from which there is a warning. */
const BLIND = 0.1;

/** Watches for problems that make a training worthless. */
export interface Watch {
  /**
   * Checks one step's loss and logits `[N, K]`. Returns a sentence if the classifier has
   * predicted one class for every image for some time (only once until it recovers).
   *
   * @throws DivergedError if the loss is not finite.
   */
  observe(step: number, loss: number, logits: Float32Array): string | undefined;
  /** Checks the share of the batch on which the adversary had no gradient. Returns a sentence the first time it is large. */
  observeAdversary(zeroGradientShare: number): string | undefined;
}

export function createWatch(classNames: readonly string[]): Watch {
  let constantFor = 0;
  let blind = false;
  return {
    observe(step, loss, logits) {
      if (!Number.isFinite(loss)) {
        throw new DivergedError({
          step,
          place: `step ${step}`,
          problem: `the loss is ${loss}: training has diverged`,
          remedy: "Start a new run with a lower --learning-rate, a longer --warmup or --clip-norm 1.",
        });
      }
      const answers = predictions(logits, logits.length / classNames.length, classNames.length);
      const first = answers[0];
      constantFor = answers.length > 1 && answers.every((answer) => answer === first) ? constantFor + 1 : 0;
      if (constantFor !== PATIENCE) return undefined;
      return (
        `the classifier has predicted "${classNames[first!]}" for every image for ${PATIENCE} steps: ` +
        "it has collapsed. A lower learning rate, a longer ε warm-up or a smaller ε may help."
      );
    },
    observeAdversary(share) {
      if (blind || share < BLIND) return undefined;
      blind = true;
      return (
        `the adversary's gradient was zero for ${(100 * share).toFixed(1)} % of the batch, so training used those images ` +
        "hardly perturbed. The logits may be too large; check the accuracy under attack."
      );
    },
  };
}

/** A fall from a robust accuracy below this means nothing. */
const WORTH_LOSING = 0.1;

/**
 * Catastrophic overfitting (Wong et al. 2020, arXiv:2001.03994, §5.3): with a weak adversary the
 * robust accuracy under PGD collapses within an epoch while clean accuracy holds. Returns a sentence
 * if it is less than half of the best so far and clean accuracy has not fallen with it.
 */
export function catastrophicOverfitting(
  { clean, robust }: ValidationRecord,
  best: ValidationRecord | undefined,
): string | undefined {
  const before = best?.robust ?? 0;
  if (robust === null || before < WORTH_LOSING || robust >= before / 2 || clean < best!.clean)
    return undefined;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return (
    `accuracy under attack fell from ${percent(before)} to ${percent(robust)} while clean accuracy rose: ` +
    "catastrophic overfitting. The best weights so far are kept. More adversary steps or a smaller step size help."
  );
}
