/** Tables and figures of the paper, and the pieces of a row that each needs. */
export const PARTS = {
  table1: ["transfer", "whiteBox"],
  figure1: ["measure"],
  figure3: ["transfer", "whiteBox"],
  figure4: ["measure"],
  figure5: ["measure"],
  table2: ["measure"],
  all: ["transfer", "whiteBox", "measure"],
} as const;

/** What can be reproduced: `all`, a table or a figure. */
export type ReproductionPart = keyof typeof PARTS;
export const REPRODUCTION_PARTS: readonly ReproductionPart[] = Object.freeze(
  Object.keys(PARTS) as ReproductionPart[],
);
