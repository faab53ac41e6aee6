import {
  attackAndSteps,
  attacksOf,
  distancesOf,
  summariseCorruptions,
  threatsOf,
  worstCase,
  type ModelInfo,
  type Result,
  type Scalar,
  type Score,
  type ThreatInfo,
} from "../evaluation/results.js";
import type { History } from "./history.js";
import { warningsAbout } from "./of-model.js";
import { distinct, keyOf } from "./text.js";

/** A history with one point for each model of a result. It ended at the date of the result. */
export function resultHistories(result: Result): History[] {
  return result.models.map((model) => {
    const seconds = measurementsOf(result, model.name).reduce((sum, m) => sum + m.seconds, 0);
    return {
      kind: "evaluation",
      name: model.name,
      tool: result.tool,
      began: Date.parse(result.date) / 1000 - seconds,
      seconds,
      ending: "finished",
      settings: settingsOf(result, model),
      points: [{ step: 0, seconds, values: valuesOf(result, model.name) }],
      notes: [
        ...warningsAbout(result, model.name).map(({ severity, message }) => ({ severity, text: message })),
        ...result.statements.map((text) => ({ severity: "info", text }) as const),
      ],
    };
  });
}

/** Including those under corruptions. */
function measurementsOf(
  { measurements, corruptions }: Result,
  model: string,
): (Score & { seconds: number })[] {
  return [...measurements, ...(corruptions?.measurements ?? [])].filter((m) => m.model === model);
}

function settingsOf(result: Result, model: ModelInfo): Record<string, Scalar> {
  const { dataset, headline, runtime } = result;
  const chosen = attacksOf(result.measurements).find(
    (m) => m.model === model.name && m.kind === "white-box" && isAt(m.threat, headline),
  );
  const attack =
    chosen === undefined
      ? {}
      : {
          attack: attackAndSteps(chosen),
          ...Object.fromEntries(
            Object.entries(chosen.parameters)
              .filter(([, value]) => value !== null)
              .map(([key, value]) => [`attack.${key}`, value]),
          ),
        };
  const settings: Record<string, Scalar> = {
    data: dataset.name,
    split: dataset.split,
    images: dataset.n,
    sampling: dataset.sampling,
    seed: result.seed,
    ...(headline === null ? {} : { norm: headline.norm, epsilon: headline.epsilon }),
    ...attack,
    "model.path": model.path,
    "model.sha256": model.sha256,
    "model.recipe": model.recipe,
    "model.architecture": model.architecture,
    "model.parameters": model.parameterCount,
    "model.preprocessing": model.preprocessing ?? null,
    engine: `${runtime.engine} ${runtime.engineVersion}`,
    threads: runtime.threads,
  };
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [keyOf(key), value]));
}

function isAt(threat: ThreatInfo, headline: ThreatInfo | null): boolean {
  return threat.norm === headline?.norm && threat.epsilon === headline.epsilon;
}

/** Every accuracy with both ends of its interval; `robust/…` is for all attacks together, image by image. */
function valuesOf(result: Result, model: string): Record<string, number> {
  const mean = summariseCorruptions(result).find((each) => each.model === model);
  const scores: (readonly [name: string, score: Pick<Score, "accuracy" | "interval">])[] = [
    ...threatsOf(result, model).map((threat): (typeof scores)[number] => [
      `robust/${threat.norm}-${threat.epsilon}`,
      worstCase(result, model, threat)!,
    ]),
    ...(mean?.interval
      ? [["corrupted/mean", { accuracy: mean.accuracy, interval: mean.interval }] as const]
      : []),
    ...measurementsOf(result, model).map((m): (typeof scores)[number] => [
      // An id is unique, and describes the measurement after the model's name: `transfer:plain/linf-0.3/auto`.
      (m.id.startsWith(`${model}/`) ? m.id.slice(model.length + 1) : m.id).replace(":", "/"),
      m,
    ]),
  ];
  const names = distinct(scores.map(([name]) => keyOf(name)));
  const warnings = warningsAbout(result, model);
  return {
    ...Object.fromEntries(
      scores.flatMap(([, { accuracy, interval }], i) => [
        [`${names[i]}/accuracy`, accuracy],
        [`${names[i]}/low`, interval.low],
        [`${names[i]}/high`, interval.high],
      ]),
    ),
    ...Object.fromEntries(
      distancesOf(result).flatMap((each) =>
        each.model === model && Number.isFinite(each.median)
          ? [[`distance/${each.norm}/median`, each.median]]
          : [],
      ),
    ),
    "warnings/serious": warnings.filter(({ severity }) => severity === "serious").length,
    "warnings/warning": warnings.filter(({ severity }) => severity === "warning").length,
  };
}
