// Lets worker threads and scripts of tests import the TypeScript sources as JavaScript: `node --import` this file.
import { register } from "node:module";

register("./hooks.mjs", import.meta.url);
