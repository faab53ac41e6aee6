/** Ops that read or write elements at places, and that make constants. */
export const INDEXING = {};

export type IndexingOp = keyof typeof INDEXING;
