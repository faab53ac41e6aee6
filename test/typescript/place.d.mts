/** Root of the repository. */
export const ROOT: string;
/** The compiled sources, in the same places as theirs in the repository. */
export const COMPILED: string;
