/** Ops that sample images anew: resizing, grids, rearranged pixels. */
export const RESAMPLING = {};

export type ResamplingOp = keyof typeof RESAMPLING;
