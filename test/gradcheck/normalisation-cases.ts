import type { GradCase } from "./check.js";

const parameter = { low: 0.5, high: 1.5 };

/** Rows of normalisations, by op. */
export const NORMALISATION_CASES: Readonly<Record<string, readonly GradCase[]>> = {
  LayerNormalization: [
    {
      name: "LayerNormalization, last axis",
      inputs: [{ shape: [2, 3, 4] }, { shape: [4], ...parameter }, { shape: [4] }],
      build: (g, inputs) => g.op("LayerNormalization", inputs),
    },
    {
      name: "LayerNormalization, two axes without bias",
      inputs: [{ shape: [2, 3, 2] }, { shape: [3, 2], ...parameter }],
      build: (g, inputs) => g.op("LayerNormalization", inputs, { axis: 1, epsilon: 0.01 }),
    },
    {
      name: "LayerNormalization, its statistics too",
      inputs: [{ shape: [3, 4] }, { shape: [4], ...parameter }, { shape: [4] }],
      build: (g, inputs) => g.ops("LayerNormalization", inputs, { epsilon: 0.1 }, { outputs: 3 }),
    },
    {
      name: "LayerNormalization, its statistics alone",
      inputs: [{ shape: [3, 4] }],
      build: (g, [x]) =>
        g
          .ops(
            "LayerNormalization",
            [x, g.op("Expand", [g.scalar(1), g.ints([4])])],
            { epsilon: 0.1 },
            { outputs: 3 },
          )
          .slice(1),
    },
  ],
  InstanceNormalization: [
    {
      name: "InstanceNormalization",
      inputs: [{ shape: [2, 2, 2, 3] }, { shape: [2], ...parameter }, { shape: [2] }],
      build: (g, inputs) => g.op("InstanceNormalization", inputs, { epsilon: 0.01 }),
    },
    {
      name: "InstanceNormalization, of rows",
      inputs: [{ shape: [2, 3, 4] }, { shape: [3], ...parameter }, { shape: [3] }],
      build: (g, inputs) => g.op("InstanceNormalization", inputs),
    },
  ],
  LRN: [
    {
      name: "LRN",
      inputs: [{ shape: [2, 4, 2, 2] }],
      build: (g, [x]) => g.op("LRN", [x], { size: 3, alpha: 0.9, beta: 0.6, bias: 1.5 }),
    },
    {
      name: "LRN, more neighbours than channels",
      inputs: [{ shape: [1, 3, 2, 1] }],
      build: (g, [x]) => g.op("LRN", [x], { size: 7, alpha: 2 }),
    },
  ],
};
