import { scaled, type OptimiserGraph, type OptimiserSpec } from "./optimiser.js";

/**
 * Adam (Kingma & Ba 2015, algorithm 1) and AdamW (Loshchilov & Hutter 2019, algorithm 2) as in
 * PyTorch:
 *
 *   adam:  g ← g + λ w          adamw: w ← w − η λ w
 *   m ← β₁ m + (1 − β₁) g     v ← β₂ v + (1 − β₂) g²
 *   w ← w − η · ( m / (1 − β₁ᵗ) ) / ( √v / √(1 − β₂ᵗ) + ε )
 */
export function adam(spec: Extract<OptimiserSpec, { kind: "adam" | "adamw" }>): OptimiserGraph {
  const { kind, beta1, beta2, epsilon, weightDecay } = spec;
  return {
    slots: ["mean", "variance"],
    emit(g, inputs) {
      const { parameter, learningRate, biasCorrection1, biasCorrection2, state } = inputs;
      const decay = inputs.decays && weightDecay !== 0;
      const gradient =
        decay && kind === "adam"
          ? g.op("Add", [inputs.gradient, scaled(g, parameter, weightDecay)])
          : inputs.gradient;
      const mean = g.op("Add", [scaled(g, state[0]!, beta1), scaled(g, gradient, 1 - beta1)]);
      const squared = g.op("Mul", [gradient, gradient]);
      const variance = g.op("Add", [scaled(g, state[1]!, beta2), scaled(g, squared, 1 - beta2)]);
      const deviation = g.op("Sqrt", [g.op("Div", [variance, biasCorrection2])]);
      const denominator = g.op("Add", [deviation, g.scalar(epsilon, deviation)]);
      const rate = g.op("Div", [learningRate, biasCorrection1]);
      const step = g.op("Mul", [g.op("Div", [mean, denominator]), rate]);
      const decayed =
        decay && kind === "adamw"
          ? g.op("Sub", [parameter, g.op("Mul", [parameter, scaled(g, learningRate, weightDecay)])])
          : parameter;
      return { parameter: g.op("Sub", [decayed, step]), state: [mean, variance] };
    },
  };
}
