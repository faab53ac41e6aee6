// Lets worker threads that a test starts run the TypeScript sources: `node --import` this file.
import { register } from "node:module";

register("./hooks.mjs", import.meta.url);
