import { createRequire } from "node:module";

/** Name and version of this package, as results and run folders state them. */
export function toolInfo(): { readonly name: string; readonly version: string } {
  const { name, version } = createRequire(import.meta.url)("../../package.json") as {
    name: string;
    version: string;
  };
  return { name, version };
}
