import { operator, ShapeError } from "../infer.js";
import { one, unary } from "./elementwise.js";

/** Activations and other functions of one number. */
export const ACTIVATIONS = {
  Erf: unary,
  /** x · Φ(x), or its approximation by tanh. */
  Gelu: operator({
    ...one,
    activation: true,
    attributes: { approximate: { kind: "string", default: "none" } },
    infer: (context) => {
      const { approximate } = context.attributes;
      if (approximate !== "none" && approximate !== "tanh") {
        throw new ShapeError(`there is no approximation "${approximate.slice(0, 40)}"`);
      }
      return one.infer(context);
    },
  }),
  Sin: unary,
  Cos: unary,
};

export type ActivationOp = keyof typeof ACTIVATIONS;
