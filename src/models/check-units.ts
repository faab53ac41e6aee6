import { UsageError } from "../errors/index.js";
import type { Preprocessing } from "./preprocess.js";

/** Names of the options of {@link Preprocessing} in messages. */
export type PreprocessingNames = Readonly<Record<"mean" | "std" | "range", string>>;

/**
 * Checks that channel means, deviations and the largest pixel are consistent: means are of pixels in [0, 1],
 * deviations are above 0 and at most `range`.
 *
 * @throws UsageError; for numbers that look like gray levels from 0 to 255, with the numbers that were probably meant.
 */
export function checkUnits(
  { mean = [], std = [], range = 1 }: Preprocessing,
  names: PreprocessingNames = { mean: "mean", std: "std", range: "range" },
): void {
  const inUnits = (values: readonly number[]): string =>
    values.map((value) => Number((value / 255).toPrecision(4))).join(",");
  const refuse = (
    option: "mean" | "std",
    values: readonly number[],
    rule: string,
    { example, more = "" }: { readonly example: string; readonly more?: string },
  ): never => {
    const least = option === "mean" ? 0 : Number.MIN_VALUE;
    const grayLevels = values.every((value) => value >= least && value <= 255);
    throw new UsageError({
      place: names[option],
      problem: `must be ${rule}, for pixels from 0 to 1, found ${values.join(",")}`,
      remedy: grayLevels
        ? `Those look like gray levels from 0 to 255: did you mean ${names[option]} ${inUnits(values)}?${more}`
        : `Give one number per channel, such as ${names[option]} ${example}.`,
    });
  };
  if (!(range > 0 && range < Infinity)) {
    throw new UsageError({ place: names.range, problem: `must be above 0, found ${range}` });
  }
  if (!mean.every((value) => value >= 0 && value <= 1)) {
    const more = ` Divide ${names.std} likewise; if the model expects no deviation, give ${names.range} 255.`;
    refuse("mean", mean, "in [0, 1]", { example: "0.485,0.456,0.406", more });
  }
  if (!std.every((value) => value > 0 && value <= range)) {
    refuse("std", std, `above 0 and at most ${range}`, { example: "0.229,0.224,0.225" });
  }
}
