/** How far two computations of the same outputs are from each other. */
import type { Tensor } from "../../tensor/index.js";

type Outputs = Readonly<Record<string, Tensor>>;

/** Numbers of an output may be this far apart, in parts of the output's greatest. */
export const CLOSE = 1e-3;
/**
 * Share of an output's numbers that may be further apart than {@link CLOSE}: signs of gradients near zero and rectifiers flip by
 * rounding alone.
 */
export const FLIPPED = 0.01;
/** So many times the share that the CPU itself shows after its feeds were changed in their last bits. */
const OWN_FLIPS = 3;

/** The output that is furthest from what it should be. */
export interface Disagreement {
  readonly output: string;
  /** Share of its numbers that are too far off, and how many might be. */
  readonly share: number;
  readonly allowed: number;
  /** The greatest difference, and the greatest number that it should be. */
  readonly difference: number;
  readonly greatest: number;
}

/**
 * The worst output of `found` that is not `expected`; undefined where all are close. An output is close where no more than
 *
 *   1 % + 3 · share( |again − expected| > 10⁻³ · greatest )
 *
 * of its numbers are further off than 10⁻³ of its greatest: `again` is what the CPU makes of feeds changed in their last bits, so that
 * outputs which are rounding noise, such as the gradient of a bias before BatchNormalization, are not held against a device.
 */
export function disagreement(expected: Outputs, found: Outputs, again: Outputs): Disagreement | undefined {
  let worst: Disagreement | undefined;
  for (const [output, { data }] of Object.entries(expected)) {
    const greatest = greatestOf(data);
    const own = distance(data, again[output]!.data, greatest);
    const { share, difference } = distance(data, found[output]!.data, greatest);
    const allowed = FLIPPED + OWN_FLIPS * own.share;
    if (share <= allowed || (worst !== undefined && share - allowed <= worst.share - worst.allowed)) continue;
    worst = { output, share, allowed, difference, greatest };
  }
  return worst;
}

type Data = Tensor["data"];

/** Of the finite numbers. */
function greatestOf(data: Data): number {
  let greatest = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(Number(data[i]));
    if (size > greatest && size < Infinity) greatest = size;
  }
  return greatest;
}

function distance(
  expected: Data,
  found: Data,
  greatest: number,
): { readonly share: number; readonly difference: number } {
  let [far, difference] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [Number(expected[i]), Number(found[i])];
    if (Object.is(a, b) || a === b) continue;
    const apart = Math.abs(a - b);
    if (!(apart <= CLOSE * greatest)) far++;
    if (!(apart <= difference)) difference = Number.isNaN(apart) ? Infinity : apart;
  }
  return { share: expected.length === 0 ? 0 : far / expected.length, difference };
}
