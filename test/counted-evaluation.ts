/** Evaluations of the small network whose clock counts the runs of the model: budgets end where they do on every machine. */
import {
  attacksOf,
  evaluateModels,
  type AttackMeasurement,
  type EvaluateOptions,
  type Result,
} from "../src/evaluation/index.js";
import { compile } from "../src/runtime/index.js";
import { smallDataset, smallNetwork } from "./small-network.js";

export const OPTIONS: EvaluateOptions = {
  epsilons: [0.05, 0.15],
  attack: "auto",
  checks: false,
  examples: 2,
  batchSize: 16,
  threads: 1,
  seed: 3,
};

interface Hooks {
  readonly keepIn?: string;
  readonly models?: number;
  /** Images whose label is another class. */
  readonly wrong?: number;
  /** Runs of the model until it dies. */
  readonly dies?: number;
}

/** Runs of the model since the last evaluation began: a clock that counts them as seconds. */
let runs = 0;
export const runsSoFar = (): number => runs;

export async function evaluated(
  options: EvaluateOptions,
  { keepIn, models = 1, wrong = 0, dies = Infinity }: Hooks = {},
): Promise<Result> {
  const labels = smallDataset().labels.map((label, i) => (i < wrong ? (label + 1) % 3 : label));
  const dataset = smallDataset(labels);
  runs = 0;
  return evaluateModels(
    Array.from({ length: models }, (_, i) => ({
      name: `small${i === 0 ? "" : i}`,
      classifier: smallNetwork(),
      info: { recipe: null, path: "model.onnx", sha256: "0".repeat(64), architecture: "small" },
    })),
    { dataset, population: dataset.length, seed: null },
    options,
    {
      tool: { name: "holdfast", version: "0.0.0" },
      keepIn,
      now: () => 1000 * runs,
      async compile(...args) {
        const program = await compile(...args);
        return {
          ...program,
          dispose: () => program.dispose(),
          run(...given) {
            if (++runs === dies) throw new Error("killed");
            return program.run(...given);
          },
        };
      },
    },
  );
}

export const headlineOf = (result: Result): AttackMeasurement =>
  attacksOf(result.measurements).find(({ threat }) => threat.epsilon === result.headline!.epsilon)!;
