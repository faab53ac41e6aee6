import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collector: (() => void) | undefined;

/**
 * Frees the arrays that nothing holds any more. Node does so only after it has allocated a good deal more, and meanwhile what a large
 * model was compiled from would take as much memory as the model.
 */
export function collectGarbage(): void {
  if (collector === undefined) {
    setFlagsFromString("--expose-gc");
    collector = runInNewContext("gc") as () => void;
  }
  collector();
}
