import { HoldfastError } from "../errors/index.js";
import { predictions } from "../attacks/index.js";

/** Training came to NaN or infinity (exit code 1): nothing after that can mend it. */
export class DivergedError extends HoldfastError {
  override readonly exitCode = 1;
}

/** Steps in a row with one class for everything before it is called a collapse. */
const PATIENCE = 50;

/** Watches for what makes a training worthless. */
export interface Watch {
  /**
   * Looks at one step's loss and logits `[N, K]`; a sentence when the classifier has
   * answered one class for every image for some time (said once until it recovers).
   *
   * @throws DivergedError when the loss is not finite.
   */
  observe(step: number, loss: number, logits: Float32Array): string | undefined;
}

export function createWatch(classNames: readonly string[]): Watch {
  let constantFor = 0;
  return {
    observe(step, loss, logits) {
      if (!Number.isFinite(loss)) {
        throw new DivergedError({
          place: `step ${step}`,
          problem: `the loss is ${loss}: training has diverged`,
          remedy: "Use a lower --learning-rate, a longer --warmup or --clip-norm 1, in a new run.",
        });
      }
      const answers = predictions(logits, logits.length / classNames.length, classNames.length);
      const first = answers[0];
      constantFor = answers.length > 1 && answers.every((answer) => answer === first) ? constantFor + 1 : 0;
      if (constantFor !== PATIENCE) return undefined;
      return (
        `the classifier has answered "${classNames[first!]}" to every image for ${PATIENCE} steps: ` +
        "it has collapsed. A lower learning rate, a longer ε warm-up or a smaller ε may help."
      );
    },
  };
}
