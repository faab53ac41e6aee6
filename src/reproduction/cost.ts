/** Costs in input gradients of an image, the unit that is timed. */
import type { Recipe } from "../defences/index.js";
import type { Preset } from "./presets.js";

/** A forward pass alone. */
export const FORWARD = 0.4;

/** Whether a model draws at random, so that its answers are averaged. */
export function isRandomised({ model = {} }: Recipe): boolean {
  return [model.inputNoise, model.activationNoise, model.randomResize].some((part) => part !== undefined);
}

/** Test images that are scored. */
export function scoredImages(
  preset: Preset,
  { counts }: { readonly counts: { readonly test: number } },
): number {
  return Math.min(preset.limit ?? Infinity, counts.test);
}
