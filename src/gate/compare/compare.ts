import { normLabel } from "../../attacks/cards/index.js";
import { InputError } from "../../errors/index.js";
import {
  wilsonInterval,
  type Measurement,
  type ModelInfo,
  type Result,
  type ToolInfo,
  type WhiteBoxMeasurement,
} from "../../evaluation/results.js";
import { toolInfo } from "../../files/index.js";
import {
  comparisonSchemaVersion,
  type Accuracy,
  type ChangedImage,
  type ComparedModel,
  type Comparison,
  type ComparisonWarning,
  type PairedMeasurement,
  type TransferredAccuracy,
} from "./comparison.js";
import { countPairs, mcnemarExact, pairedDifference } from "./paired.js";

/** One of the two models: its name in a result, and where that result came from. */
export interface Side {
  readonly place: string;
  readonly result: Result;
  readonly model: string;
}

/** What a comparison states in addition to the results. */
export interface CompareOptions {
  /** The tool that the comparison names as its maker: this package by default. */
  readonly tool?: ToolInfo;
  /** ISO 8601; now by default. */
  readonly date?: string;
  /** For each model's file, if known. */
  readonly files?: readonly [FileFacts, FileFacts];
  /** File names of the images, in the order they were scored. */
  readonly fileName?: ((place: number) => string) | undefined;
}

/** Size of a model's file, and the time per image. */
export type FileFacts = Pick<ComparedModel, "bytes" | "milliseconds">;

/**
 * Compares two models image by image: clean, and under every attack made on both.
 *
 * @throws InputError if the results differ in images, seed, threats or attacks.
 * @example
 * ```ts
 * import { compareModels, readResult } from "holdfast";
 *
 * const side = async (place: string, model: string) => ({ place, model, result: await readResult(place) });
 * const comparison = compareModels(await side("1.result.json", "release-1"), await side("2.result.json", "release-2"));
 * for (const { attack, difference, pValue } of comparison.measurements) console.log(attack, difference, pValue);
 * ```
 */
export function compareModels(first: Side, second: Side, options: CompareOptions = {}): Comparison {
  checkTogether(first, second);
  const pairs = pairMeasurements(first, second);
  const { dataset, seed } = first.result;
  const { name, split, n, population, sampleSeed, classNames } = dataset;
  const unknown: FileFacts = { bytes: null, milliseconds: null };
  const [firstFile, secondFile] = options.files ?? [unknown, unknown];
  return {
    kind: "comparison",
    schemaVersion: comparisonSchemaVersion,
    tool: options.tool ?? toolInfo(),
    date: options.date ?? new Date().toISOString(),
    dataset: { name, split, n, population, sampleSeed, classNames },
    seed,
    models: [
      { ...identityOf(infoOf(first)), ...firstFile },
      { ...identityOf(infoOf(second)), ...secondFile },
    ],
    measurements: pairs.map(([a, b]) => pairOf(a, b, options.fileName)),
    transfer: transferBetween(first, second),
    warnings: warningsOf(first, second),
  };
}

function identityOf({ name, path, sha256 }: ModelInfo): Pick<ComparedModel, "name" | "path" | "sha256"> {
  return { name, path, sha256 };
}

function infoOf({ result, model }: Side): ModelInfo {
  return result.models.find(({ name }) => name === model)!;
}

/** What two results must share to be compared image by image. */
const SAME: readonly (readonly [what: string, of: (result: Result) => unknown])[] = [
  ["data", ({ dataset }) => dataset.name],
  ["split", ({ dataset }) => dataset.split],
  ["number of images", ({ dataset }) => dataset.n],
  ["number of images that they were drawn from", ({ dataset }) => dataset.population],
  ["seed of the sample", ({ dataset }) => dataset.sampleSeed],
  ["classes", ({ dataset }) => dataset.classNames],
  ["size of the images", ({ dataset }) => [dataset.channels, dataset.height, dataset.width]],
  ["seed", ({ seed }) => seed],
];

function checkTogether(first: Side, second: Side): void {
  for (const { place, result } of [first, second]) {
    if (result.shard === undefined) continue;
    throw new InputError({
      place,
      problem: "is a shard of an evaluation",
      remedy: "Merge the shards first: holdfast merge.",
    });
  }
  for (const [what, of] of SAME) {
    const [a, b] = [of(first.result), of(second.result)].map((value) => shorten(JSON.stringify(value)));
    if (JSON.stringify(of(first.result)) === JSON.stringify(of(second.result))) continue;
    throw new InputError({
      place: second.place,
      problem: `differs from ${first.place} in the ${what}: ${b!}, not ${a!}`,
      remedy: "Evaluate both models on the same images: use the same --data, --limit and --seed.",
    });
  }
}

const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)} …` : text);

type Pairable = Extract<Measurement, { kind: "clean" | "white-box" }>;

/** Pairs clean accuracy and every attack. @throws InputError if one of them has an attack that the other lacks. */
function pairMeasurements(first: Side, second: Side): (readonly [Pairable, Pairable])[] {
  const [ours, theirs] = [measurementsOf(first), measurementsOf(second)];
  const keys = [...new Set([...ours.keys(), ...theirs.keys()])];
  return keys.map((key) => {
    const [a, b] = [ours.get(key), theirs.get(key)];
    if (a !== undefined && b !== undefined) {
      checkImages(a, b, first, second);
      return [a, b];
    }
    const [has, lacks] = a === undefined ? [second, first] : [first, second];
    throw new InputError({
      place: lacks.place,
      problem: `${lacks.model} was not measured as ${has.model} was (${describe((a ?? b)!)})`,
      remedy: "Evaluate both with the same --norm, --epsilon, --attack and attack options.",
    });
  });
}

/** Identifies what was done: the attack with its parameters, and the threat. */
function measurementsOf({ result, model, place }: Side): Map<string, Pairable> {
  const own = result.measurements.filter(
    (m): m is Pairable => m.model === model && (m.kind === "clean" || m.kind === "white-box"),
  );
  return new Map(
    own.map((m) => {
      if (m.kind === "white-box") refuseUnfinished(m, place);
      return [m.kind === "clean" ? "clean" : keyOf(m), m];
    }),
  );
}

function keyOf({ attack, threat, parameters, stages = [] }: WhiteBoxMeasurement): string {
  const sorted = (values: object): unknown => Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  const told = stages.map((stage) => [stage.attack, sorted(stage.parameters)]);
  return JSON.stringify([attack, threat.norm, threat.epsilon, sorted(parameters), told]);
}

function describe(m: Pairable): string {
  return m.kind === "clean" ? "clean" : `${m.attack}, ${normLabel(m.threat.norm)}, ε ${m.threat.epsilon}`;
}

function refuseUnfinished({ unfinished, id }: WhiteBoxMeasurement, place: string): void {
  if (unfinished === undefined) return;
  throw new InputError({
    place,
    problem: `${id} was cut off with ${unfinished} images unfinished, which count as right`,
    remedy: "Evaluate without --budget and --end-early.",
  });
}

function checkImages(a: Pairable, b: Pairable, first: Side, second: Side): void {
  for (const [{ perImage, id }, { place }] of [
    [a, first],
    [b, second],
  ] as const) {
    if (perImage !== undefined) continue;
    throw new InputError({
      place,
      problem: `${id} has no per-image results`,
      remedy: "Evaluate the model again with this version of holdfast.",
    });
  }
  const columns = ({ perImage }: Pairable): string => JSON.stringify([perImage!.index, perImage!.label]);
  if (columns(a) === columns(b)) return;
  throw new InputError({
    place: second.place,
    problem: `has other images than ${first.place}, or other labels`,
    remedy: "Evaluate both models on the same images: use the same --data, --limit and --seed.",
  });
}

/** Whether the model is right on each image and, under attack, also on its adversarial image. */
function rightOn(m: Pairable): boolean[] {
  const { label, cleanPrediction } = m.perImage!;
  const attacked = m.kind === "clean" ? cleanPrediction : m.perImage!.adversarialPrediction;
  return label.map((wanted, i) => cleanPrediction[i] === wanted && attacked[i] === wanted);
}

function answerOn(m: Pairable, i: number): number {
  const { label, cleanPrediction } = m.perImage!;
  if (m.kind === "clean" || cleanPrediction[i] !== label[i]) return cleanPrediction[i]!;
  return m.perImage!.adversarialPrediction[i]!;
}

function accuracyOf(correct: number, n: number): Accuracy {
  return { correct, accuracy: correct / n, interval: wilsonInterval(correct, n) };
}

function pairOf(a: Pairable, b: Pairable, fileName: CompareOptions["fileName"]): PairedMeasurement {
  const [ours, theirs] = [rightOn(a), rightOn(b)];
  const counts = countPairs(ours, theirs);
  const { index, label } = a.perImage!;
  const changedWhere = (changed: (i: number) => boolean): ChangedImage[] =>
    label.flatMap((wanted, i) =>
      changed(i)
        ? [
            {
              index: index[i]!,
              fileName: fileName?.(i) ?? null,
              label: wanted,
              predictions: [answerOn(a, i), answerOn(b, i)] as const,
            },
          ]
        : [],
    );
  return {
    attack: a.kind === "clean" ? null : a.attack,
    threat: a.kind === "clean" ? null : a.threat,
    first: accuracyOf(counts.both + counts.firstOnly, label.length),
    second: accuracyOf(counts.both + counts.secondOnly, label.length),
    counts,
    difference: pairedDifference(counts),
    pValue: mcnemarExact(counts),
    changed: {
      lost: changedWhere((i) => ours[i]! && !theirs[i]!),
      gained: changedWhere((i) => !ours[i]! && theirs[i]!),
    },
  };
}

/** Most serious first, each once; notes are left out. */
function warningsOf(...sides: readonly Side[]): ComparisonWarning[] {
  const found = new Map<string, ComparisonWarning>();
  for (const { result, model } of sides) {
    const own = new Set(result.measurements.filter((m) => m.model === model).map(({ id }) => id));
    for (const { code, severity, message, measurements } of result.warnings) {
      if (severity !== "info" && measurements.some((id) => own.has(id)))
        found.set(message, { code, severity, message });
    }
  }
  const isSerious = ({ severity }: ComparisonWarning): number => Number(severity === "serious");
  return [...found.values()].sort((a, b) => isSerious(b) - isSerious(a));
}

function transferBetween(first: Side, second: Side): TransferredAccuracy[] {
  if (first.result !== second.result) return [];
  const names = [first.model, second.model];
  return first.result.measurements.flatMap((m) =>
    m.kind === "transfer" && names.includes(m.model) && names.includes(m.source)
      ? [
          {
            source: m.source,
            model: m.model,
            attack: m.attack,
            threat: m.threat,
            ...accuracyOf(m.correct, m.n),
          },
        ]
      : [],
  );
}
