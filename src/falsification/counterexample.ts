import type { Counterexample } from "./search.js";

/**
 * A counterexample in VNN-COMP's format: `((X_0 0.5)` … `(Y_9 -1.25))`, one variable per line. Each number is a float32,
 * with enough digits to represent it exactly.
 */
export function formatCounterexample({ inputs, outputs }: Counterexample): string {
  const named = (of: string, values: Float32Array): string[] =>
    Array.from(values, (value, i) => `(${of}_${i} ${value})`);
  return `(${[...named("X", inputs), ...named("Y", outputs)].join("\n")})`;
}
