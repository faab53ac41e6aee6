export { ANNOTATIONS, BOXES, MASKS, openRegions } from "./find.js";
export { regionsOf, type PictureFile } from "./regions.js";
