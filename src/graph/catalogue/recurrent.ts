/** Recurrent networks. */
export const RECURRENT = {};

export type RecurrentOp = keyof typeof RECURRENT;
