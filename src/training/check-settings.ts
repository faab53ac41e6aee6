import { checkThreat } from "../attacks/index.js";
import { contradictionsIn, type Recipe } from "../defences/index.js";
import { UsageError } from "../errors/index.js";
import { accepts, COUNT, describeRule, NOT_NEGATIVE, POSITIVE, SHARE, type Rule } from "../options/index.js";
import { budgetOf } from "./memory-plan.js";
import { findFault, type TrainingSettings } from "./settings/index.js";

/** @throws UsageError naming the first invalid setting. */
export function checkSettings(settings: TrainingSettings): void {
  const fault = findFault(settings);
  if (fault !== undefined) throw new UsageError(fault);
  if (settings.memory !== undefined) budgetOf(settings.memory);
  const { recipe } = settings;
  if (recipe.adversary !== undefined) {
    checkThreat(recipe.adversary);
    require(COUNT, "adversary steps", recipe.adversary.steps);
    require(POSITIVE, "adversary step size", recipe.adversary.relativeStepSize);
  }
  checkRecipe(recipe);
  if (settings.trunkLearningRate === 0 && recipe.weightPerturbation !== undefined) {
    throw new UsageError({
      place: "trunkLearningRate",
      problem: "is 0, but the recipe perturbs the trunk's weights",
      remedy: "Use a small value such as 0.1, or choose a recipe without weight perturbation.",
    });
  }
}

function checkRecipe(recipe: Recipe): void {
  const { weights, weightPerturbation, replays = 1 } = recipe;
  for (const [name, value] of Object.entries(weights)) require(NOT_NEGATIVE, `loss weight ${name}`, value);
  if (weightPerturbation !== undefined) {
    require(POSITIVE, "weight perturbation gamma", weightPerturbation.gamma);
    require(SHARE, "weight perturbation from", weightPerturbation.from);
  }
  require(COUNT, "replays", replays);
  const [contradiction] = contradictionsIn(recipe);
  if (contradiction !== undefined) {
    const { fields, problem } = contradiction;
    throw new UsageError({ place: `recipe ${recipe.name}, ${fields[0].join(".")}`, problem });
  }
}

function require(rule: Rule, place: string, found: number): void {
  if (accepts(rule, found)) return;
  throw new UsageError({ place, problem: `must be ${describeRule(rule)}, found ${found}` });
}
