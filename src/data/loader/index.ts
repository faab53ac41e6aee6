export { createLoader, type Loader, type LoaderOptions } from "./loader.js";
