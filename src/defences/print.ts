import { stringify } from "yaml";
import type { Recipe } from "./recipe.js";

/** A recipe as a file that reads back to the same. */
export function printRecipe(recipe: Recipe): string {
  const { name, title, description, source, adversary, weights, model, weightPerturbation, replays } = recipe;
  const file = {
    name,
    title,
    description,
    source,
    adversary: adversary === undefined ? null : printedAdversary(adversary),
    weights,
    ...(model === undefined ? {} : { model }),
    ...(weightPerturbation === undefined ? {} : { weightPerturbation }),
    ...(replays === undefined ? {} : { replays }),
  };
  return stringify(file, { lineWidth: 100 });
}

function printedAdversary({ relativeStepSize, epsilon, ...spec }: NonNullable<Recipe["adversary"]>): object {
  const usual = Math.abs(relativeStepSize - 2.5 / spec.steps) < 1e-12;
  return {
    ...spec,
    epsilon: asFraction(epsilon),
    ...(usual ? {} : { stepSize: asFraction(relativeStepSize * epsilon) }),
  };
}

/** 8/255 where it is that many gray levels. */
function asFraction(value: number): number | string {
  const levels = Math.round(value * 255);
  return levels > 0 && levels / 255 === value ? `${levels}/255` : value;
}
