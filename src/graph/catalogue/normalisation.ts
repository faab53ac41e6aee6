/** Normalisations over channels, groups and layers. */
export const NORMALISATION = {};

export type NormalisationOp = keyof typeof NORMALISATION;
