import { InputError } from "../errors/index.js";
import type { Value } from "../graph/index.js";
import { sameShape } from "../tensor/index.js";
import type { Feeds } from "./program.js";

/** @throws InputError naming the value that is missing, unknown, or of the wrong type or shape. */
export function checkFeeds(program: string, inputs: readonly Value[], feeds: Feeds): void {
  for (const { name, dtype, shape } of inputs) {
    const place = `program "${program}", input "${name}"`;
    const wanted = `${dtype}[${shape.join(", ")}]`;
    const given = feeds[name];
    if (given === undefined) throw new InputError({ place, problem: `was not fed; it is ${wanted}` });
    if (given.dtype !== dtype || !sameShape(given.shape, shape)) {
      throw new InputError({
        place,
        problem: `is ${wanted}, found ${given.dtype}[${given.shape.join(", ")}]`,
        remedy: "Programs have static shapes: compile one for each batch size.",
      });
    }
  }
}
