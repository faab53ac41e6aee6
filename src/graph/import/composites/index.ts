/** Ops that are expressed by ops of the catalogue, so they need no gradient rules of their own. */
import type { Raise } from "../raise.js";
import { ACTIVATIONS } from "./activations.js";
import { CONTRACTION } from "./contraction.js";
import { CONVOLUTION } from "./convolution.js";
import { CONTRIB } from "./contrib.js";
import { FOURIER } from "./fourier.js";
import { INDEXING } from "./indexing.js";
import { ML } from "./ml.js";
import { NORMALISATION } from "./normalisation.js";
import { QUANTISED } from "./quantised.js";
import { PACKED_WEIGHTS } from "./packed-weights.js";
import { POOLING } from "./pooling.js";
import { RECURRENT } from "./recurrent.js";
import { REDUCTIONS } from "./reduction.js";
import { RESAMPLING } from "./resampling.js";

export const COMPOSITES: Readonly<Record<string, Raise>> = {
  ...ACTIVATIONS,
  ...CONTRACTION,
  ...CONTRIB,
  ...CONVOLUTION,
  ...FOURIER,
  ...INDEXING,
  ...ML,
  ...NORMALISATION,
  ...PACKED_WEIGHTS,
  ...QUANTISED,
  ...POOLING,
  ...RECURRENT,
  ...REDUCTIONS,
  ...RESAMPLING,
};
