export {
  attentionShift,
  regionActivation,
  upsample,
  type AttentionShift,
  type RegionActivation,
} from "./maps.js";
export { SALIENCY, saliencyGraph, salientRegion } from "./saliency.js";
