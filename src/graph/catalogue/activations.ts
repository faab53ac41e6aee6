/** Activations and other functions of one number. */
export const ACTIVATIONS = {};

export type ActivationOp = keyof typeof ACTIVATIONS;
