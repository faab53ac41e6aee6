export { attentionShift, regionActivation, upsample } from "./maps.js";
export { SALIENCY, saliencyGraph, salientRegion } from "./saliency.js";
