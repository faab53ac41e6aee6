import { needsOf, TERMS, weighedTerms } from "../losses/index.js";
import type { Recipe } from "./recipe.js";

/** Fields of a recipe, each right by itself, that cannot go together. */
export interface Contradiction {
  /** Paths of the fields that could be changed, the likeliest first. */
  readonly fields: readonly [path: readonly string[], ...more: (readonly string[])[]];
  readonly problem: string;
}

/** Everything in a recipe that would fail, or come to nothing, in training or after it. */
export function contradictionsIn(recipe: Recipe): readonly Contradiction[] {
  return [...inLoss(recipe), ...inBall(recipe), ...inReplays(recipe), ...inResize(recipe)];
}

function* inLoss({ adversary, weights }: Recipe): Generator<Contradiction> {
  const weighed = weighedTerms(weights);
  if (weighed.length === 0) {
    yield { fields: [["weights"]], problem: "must not all be 0, because nothing would be learnt" };
  }
  const adversarial = weighed.find(([name]) => TERMS[name].needs.adversarial)?.[0];
  if (adversarial !== undefined && adversary === undefined) {
    yield {
      fields: [["adversary"], ["weights", adversarial]],
      problem: `weights.${adversarial} needs adversarial images, but there is no adversary`,
    };
  }
  if (adversarial === undefined && weighed.length > 0 && adversary?.objective === "total") {
    yield {
      fields: [["adversary", "objective"], ["weights"]],
      problem: "total is the whole loss, but none of its terms uses adversarial images",
    };
  }
}

function* inBall({ adversary }: Recipe): Generator<Contradiction> {
  if (adversary === undefined || adversary.norm !== "linf" || adversary.epsilon <= 1) return;
  const { epsilon } = adversary;
  const meant = epsilon <= 255 ? `for ${epsilon} of 255 gray levels write ${epsilon}/255` : "such as 8/255";
  yield {
    fields: [
      ["adversary", "epsilon"],
      ["adversary", "norm"],
    ],
    problem: `must be at most 1 with the norm linf, because pixels are in [0, 1], found ${epsilon}; ${meant}`,
  };
}

function* inReplays({ adversary, weights, replays = 1 }: Recipe): Generator<Contradiction> {
  if (replays === 1) return;
  const { clean, adversarial } = needsOf(weights);
  if (clean || !adversarial) {
    yield {
      fields: [["replays"], ["weights"]],
      problem: "moves the images it replays, so only terms on adversarial images can have a weight",
    };
  }
  if (adversary?.norm === "l2") {
    yield {
      fields: [["replays"], ["adversary", "norm"]],
      problem: "moves images within an L∞ ball, but adversary.norm is l2",
    };
  }
}

function* inResize({ model }: Recipe): Generator<Contradiction> {
  if (model?.randomResize === undefined) return;
  const { smallest, largest } = model.randomResize;
  if (smallest >= 1 && largest >= smallest) return;
  yield {
    fields: [
      ["model", "randomResize", "smallest"],
      ["model", "randomResize", "largest"],
    ],
    problem: `must be at least 1 and at most largest, found ${smallest} and ${largest}`,
  };
}
