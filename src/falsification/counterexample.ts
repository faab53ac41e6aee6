import type { Counterexample } from "./search.js";

/**
 * A counterexample as VNN-COMP writes it: `((X_0 0.5)` … `(Y_9 -1.25))`, a variable a line. Each number is a float32, written
 * with as many digits as say it exactly.
 */
export function formatCounterexample({ inputs, outputs }: Counterexample): string {
  const named = (of: string, values: Float32Array): string[] =>
    Array.from(values, (value, i) => `(${of}_${i} ${value})`);
  return `(${[...named("X", inputs), ...named("Y", outputs)].join("\n")})`;
}
