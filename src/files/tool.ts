import { createRequire } from "node:module";

/** The name and version of this package, as recorded in results and run folders. */
export function toolInfo(): { readonly name: string; readonly version: string } {
  const { name, version } = createRequire(import.meta.url)("../../package.json") as {
    name: string;
    version: string;
  };
  return { name, version };
}
