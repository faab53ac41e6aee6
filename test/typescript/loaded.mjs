// `node --import` this file to see which modules a program loads.
import { register } from "node:module";

register("./loaded-hooks.mjs", import.meta.url);
