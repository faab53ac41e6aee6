export {
  createExplainer,
  type Explainer,
  type ExplainerOptions,
  type ExplainedImages,
  type Explanations,
  type Maps,
} from "./explainer.js";
export { integratedGradients, type IntegratedGradients } from "./integrated-gradients.js";
export { METHODS, TAPPED, type Method } from "./methods.js";
export { findTap } from "./tap.js";
export { imagePicture, overlayPicture } from "./overlay.js";
export { sheetPng, sheetSvg } from "./sheet.js";
