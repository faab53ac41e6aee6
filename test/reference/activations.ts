import type { ActivationOp } from "../../src/graph/index.js";
import { unary } from "./elementwise.js";
import type { Kernel, Kernels } from "./kernel.js";

/**
 * erf(x) = 2 / √π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1 · 3 · … · (2n+1)): all terms of one sign. From 6 on it is 1 in float64.
 */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const gelu: Kernel<"Gelu"> = (input) =>
  unary((x) =>
    input.attributes.approximate === "tanh"
      ? 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : 0.5 * x * (1 + erf(x / Math.SQRT2)),
  )(input as never);

export const ACTIVATIONS_KERNELS: Kernels<ActivationOp> = {
  Erf: unary(erf),
  Gelu: gelu,
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
};
