export { regionsOf, type PictureFile } from "./regions.js";
export { ANNOTATIONS, BOXES, MASKS, openRegions } from "./find.js";
