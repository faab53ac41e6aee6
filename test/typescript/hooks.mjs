// Module hooks for a process that imports `./x.js` beside an `x.ts`: it gets what compile.mjs made of the source.
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { COMPILED, ROOT } from "./place.mjs";

export async function resolve(specifier, context, nextResolve) {
  if (/^(\.|file:).*\.js$/.test(specifier)) {
    const path = fileURLToPath(new URL(specifier, context.parentURL));
    const compiled = path.startsWith(COMPILED) ? path : join(COMPILED, relative(ROOT, path));
    if (existsSync(compiled) && (compiled === path || !existsSync(path))) {
      return { url: pathToFileURL(compiled).href, format: "module", shortCircuit: true };
    }
  }
  return nextResolve(specifier, context);
}
