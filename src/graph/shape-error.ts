import { InputError } from "../errors/index.js";

/** Thrown by shape rules without a place. The caller that applies the rule adds the node as the place. */
export class ShapeError extends InputError {
  constructor(
    problem: string,
    place = "graph",
    remedy = "Look at this place in the model, or export it again.",
  ) {
    super({ place, problem, remedy });
  }
}
