import { InputError } from "../errors/index.js";

/** Thrown by shape rules, without a place; whoever applies the rule adds the node as that. */
export class ShapeError extends InputError {
  constructor(
    problem: string,
    place = "graph",
    remedy = "Look at this place in the model, or export it again.",
  ) {
    super({ place, problem, remedy });
  }
}
