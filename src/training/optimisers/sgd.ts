import { scaled, type OptimiserGraph, type OptimiserSpec } from "./optimiser.js";

/**
 * Stochastic gradient descent as in torch.optim.SGD (dampening 0; Sutskever et al. 2013):
 *
 *   d ← g + λ w     v ← μ v + d     w ← w − η (v, or d + μ v with Nesterov)
 */
export function sgd(spec: Extract<OptimiserSpec, { kind: "sgd" }>): OptimiserGraph {
  const { momentum, nesterov, weightDecay } = spec;
  return {
    slots: momentum === 0 ? [] : ["momentum"],
    emit(g, { parameter, gradient, state, learningRate, decays }) {
      const direction =
        decays && weightDecay !== 0 ? g.op("Add", [gradient, scaled(g, parameter, weightDecay)]) : gradient;
      const moved = (by: typeof direction): typeof direction =>
        g.op("Sub", [parameter, g.op("Mul", [by, learningRate])]);
      if (momentum === 0) return { parameter: moved(direction), state: [] };
      const velocity = g.op("Add", [scaled(g, state[0]!, momentum), direction]);
      const step = nesterov ? g.op("Add", [direction, scaled(g, velocity, momentum)]) : velocity;
      return { parameter: moved(step), state: [velocity] };
    },
  };
}
