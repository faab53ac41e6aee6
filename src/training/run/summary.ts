import type { TrainingSettings } from "../settings/index.js";
import { readRunConfig, runPaths, type RunConfig } from "./folder.js";
import { readLog, type LogLine } from "./log.js";
import { verifyRun } from "./manifest.js";

/** A setting as a report shows it. */
type Scalar = string | number | boolean | null;

/** The history of a run, thinned out for plotting, as stored in results. */
export interface RunSummary {
  readonly settings: Readonly<Record<string, Scalar>>;
  readonly steps: number;
  readonly epochs: number;
  readonly seconds: number;
  readonly curve: { readonly step: number[]; readonly loss: (number | null)[] };
  readonly validation: readonly {
    readonly step: number;
    readonly n: number;
    readonly cleanAccuracy: number;
    readonly robustAccuracy: number | null;
  }[];
  readonly bestStep?: number;
}

/** A chart does not need more points than it has pixels. */
const MOST_POINTS = 400;

/** Reads the summary of a finished run. @throws InputError if the folder is not a finished run, or a file has changed. */
export async function readRunSummary(folder: string): Promise<RunSummary> {
  const { steps: total, seconds, best } = await verifyRun(folder);
  const config = await readRunConfig(folder);
  const { log } = runPaths(folder);
  const lines = await readLog(log);
  const steps = lines.filter((line): line is Extract<LogLine, { type: "step" }> => line.type === "step");
  const stride = Math.ceil(steps.length / MOST_POINTS);
  const thin = steps.filter((_, i) => i % stride === 0 || i === steps.length - 1);
  return {
    settings: runSettings(config),
    steps: total,
    epochs: config.settings.epochs,
    seconds,
    curve: {
      step: thin.map(({ step }) => step),
      loss: thin.map(({ loss }) => (Number.isFinite(loss) ? loss : null)),
    },
    validation: lines.flatMap((line) =>
      line.type === "validation"
        ? [{ step: line.step, n: line.images, cleanAccuracy: line.clean, robustAccuracy: line.robust }]
        : [],
    ),
    ...(best === null ? {} : { bestStep: best.step }),
  };
}

/** The data, the model and every setting of a run by its path in the configuration. */
export function runSettings({ data, model, settings }: RunConfig): Record<string, Scalar> {
  return { data, model, ...flatSettings(settings) };
}

/** Settings alone: `{ recipe: { weights: { clean: 1 } } }` → `recipe.weights.clean: 1`; without prose. */
export function flatSettings(settings: TrainingSettings): Record<string, Scalar> {
  const out: Record<string, Scalar> = {};
  const visit = (value: unknown, path: string): void => {
    if (/\.(description|source|title)$/.test(path)) return;
    if (value !== null && typeof value === "object") {
      for (const [key, inner] of Object.entries(value)) visit(inner, path === "" ? key : `${path}.${key}`);
    } else if (value !== undefined) out[path] = value as Scalar;
  };
  visit(settings, "");
  return out;
}
