/** Sums of products over any axes, and attention. */
export const CONTRACTION = {};

export type ContractionOp = keyof typeof CONTRACTION;
