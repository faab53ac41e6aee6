/** Costs in input gradients per image, the timed unit. */
import type { Recipe } from "../defences/index.js";
import type { Preset } from "./presets.js";

/** A forward pass alone. */
export const FORWARD = 0.4;

/** Whether a model is randomised, so that its outputs are averaged. */
export function isRandomised({ model = {} }: Recipe): boolean {
  return [model.inputNoise, model.activationNoise, model.randomResize].some((part) => part !== undefined);
}

/** Number of scored test images. */
export function scoredImages(
  preset: Preset,
  { counts }: { readonly counts: { readonly test: number } },
): number {
  return Math.min(preset.limit ?? Infinity, counts.test);
}
