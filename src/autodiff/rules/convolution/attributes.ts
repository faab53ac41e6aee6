import type { Window } from "../../../graph/index.js";

/** Attributes of a Conv or ConvTranspose node, in full. */
export function convAttributes(w: Window, group: number): Record<string, number | number[]> {
  return {
    kernel_shape: [...w.kernel],
    strides: [...w.strides],
    pads: [...w.padsBegin, ...w.padsEnd],
    dilations: [...w.dilations],
    group,
  };
}
