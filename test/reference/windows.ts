import type { Window } from "../../src/graph/index.js";
import { positions } from "./array.js";

/** Every place of the image that the window at `out` covers, with its tap; padding is left out. */
export function* covered(
  out: readonly number[],
  w: Window,
  spatial: readonly number[],
): Generator<{ readonly place: readonly number[]; readonly tap: readonly number[] }> {
  for (const tap of positions(w.kernel)) {
    const place = out.map((o, i) => o * w.strides[i]! - w.padsBegin[i]! + tap[i]! * w.dilations[i]!);
    if (place.every((p, i) => p >= 0 && p < spatial[i]!)) yield { place, tap };
  }
}
