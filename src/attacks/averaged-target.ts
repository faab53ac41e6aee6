import { STEP } from "./pgd-step.js";
import { logMeanProbabilities } from "./scoring.js";
import { FORWARD, logitsFrom, type Target } from "./target.js";

/**
 * A target whose model was found to give different outputs for the same image, although it is not marked as randomised. It is
 * attacked and scored as a randomised one: its logits are the logarithm of its mean probabilities over `samples` runs,
 * attacks average their gradients, and no single lucky output counts. Its draws have no seed, so no run repeats exactly.
 */
export function averagedTarget(target: Target, samples: number): Target {
  const averaged: Target = {
    ...target,
    randomised: true,
    samples,
    drawsOf: (question) => (question.key === FORWARD.key ? samples : 1),
    async answer(question, queries, at) {
      if (question.key !== FORWARD.key) return target.answer(question, queries, at);
      const answers: (readonly Float32Array[])[] = [];
      for (let sample = 0; sample < samples; sample++) {
        const found = await target.answer(question, queries, at);
        answers.push(found.map((answer) => answer[STEP.cleanLogits]!));
      }
      return queries.map((_, i) => ({
        [STEP.cleanLogits]: logMeanProbabilities(
          answers.map((each) => each[i]!),
          target.classCount,
        ),
      }));
    },
    logits: (images, turn) => logitsFrom(averaged, images, turn),
  };
  return averaged;
}
