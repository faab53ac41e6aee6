// Says on stderr which modules are loaded, one a line.
import { writeSync } from "node:fs";

export async function load(url, context, nextLoad) {
  writeSync(2, `loaded: ${url}\n`);
  return nextLoad(url, context);
}
