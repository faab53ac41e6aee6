/** A whole reproduction by hand, small and valid: for tests of what is made of one. */
import { encodeMap, encodeRaster, measuredResult, wilsonInterval } from "../src/evaluation/index.js";
import type { AttackMeasurement, Measurement, ModelInfo } from "../src/evaluation/index.js";
import type { ReproductionPictures, ReproductionResult } from "../src/reproduction/index.js";

const N = 100;
const TOOL = { name: "holdfast", version: "0.0.0" };
const RUNTIME = { engine: "e", engineVersion: "1", host: "h", platform: "p", cpu: "c", threads: 1 };
const PARAMETERS = { stepSize: 0.01, randomStart: true, restarts: 1, objective: null, targeted: false };

/** A row, and how many of the 100 images it gets right. */
export interface RowByHand {
  readonly model: string;
  readonly recipe: string;
  readonly seed?: number;
  readonly clean: number;
  /** Under each attack; gray-box images are made on the first row's model. */
  readonly attacked: number;
}

export interface NamesByHand {
  /** Of everything that a user or a dataset's owner names. */
  readonly name: string;
  readonly classNames: readonly [string, string];
}

export function reproductionByHand(
  rows: readonly RowByHand[],
  { name, classNames }: NamesByHand = { name: "pets", classNames: ["cat", "dog"] },
): { readonly result: ReproductionResult; readonly pictures: ReproductionPictures } {
  const other = `${name}, another architecture`;
  const sources = { "gray-box": rows[0]!.model, "black-box": other };
  const result = measuredResult({
    tool: TOOL,
    runtime: RUNTIME,
    date: "2020-01-01T00:00:00.000Z",
    seed: 0,
    dataset: {
      name,
      split: "test",
      n: N,
      sampling: "full",
      population: N,
      sampleSeed: null,
      classNames,
      classCounts: [N / 2, N / 2],
      channels: 3,
      height: 2,
      width: 2,
    },
    headline: null,
    models: [...rows.map(modelOf), modelOf({ model: other, recipe: "undefended" })],
    measurements: rows.flatMap((row) => measurementsOf(row, sources)),
  });
  return {
    result: {
      kind: "reproduction",
      schemaVersion: 1,
      tool: TOOL,
      runtime: RUNTIME,
      date: result.date,
      preset: { name, description: name, settings: { name } },
      datasets: [
        {
          id: name,
          title: name,
          description: name,
          result,
          sources,
          regionSource: "mask",
          rows: rows.map(({ model, recipe, seed = 0 }) => ({
            model,
            recipe,
            seed,
            title: recipe,
            measured: [measuredBy("clean", 0), measuredBy("black-box", 0.25)],
          })),
        },
      ],
    },
    pictures: { [name]: Object.fromEntries(rows.map(({ model }) => [model, [pictureOf(name)]])) },
  };
}

function modelOf({ model, recipe }: Pick<RowByHand, "model" | "recipe">): ModelInfo {
  const facts = { path: "run", architecture: "resnet-mini", parameterCount: 1, sha256: "0".repeat(64) };
  return { name: model, recipe, ...facts };
}

function measurementsOf(
  { model, clean, attacked }: RowByHand,
  sources: Readonly<Record<"gray-box" | "black-box", string>>,
): Measurement[] {
  const score = (id: string, correct: number) => ({
    id: `${model}/${id}`,
    model,
    n: N,
    correct,
    accuracy: correct / N,
    seed: 0,
    seconds: 1,
    interval: wilsonInterval(correct, N),
  });
  const attack = (id: string, epsilon: number, steps: number) => ({
    ...score(`${id}/${epsilon}/${steps}`, attacked),
    attack: "pgd",
    threat: { norm: "linf", epsilon } as const,
    parameters: { ...PARAMETERS, steps },
    queries: { forward: N, gradient: N },
    largestPerturbation: epsilon,
    nonFinite: 0,
  });
  return [
    { kind: "clean", ...score("clean", clean) },
    ...[8 / 255, 0.25].flatMap((epsilon): AttackMeasurement[] => [
      ...(["gray-box", "black-box"] as const).flatMap((setting) =>
        [100, 200].map((steps) => ({
          kind: "transfer" as const,
          source: sources[setting],
          ...attack(setting, epsilon, steps),
        })),
      ),
      { kind: "white-box", ...attack("white-box", epsilon, 40) },
    ]),
  ];
}

type Input = NonNullable<ReproductionResult["datasets"][number]["rows"][number]["measured"]>[number];

function measuredBy(setting: string, epsilon: number): Input {
  const group = { group: "group-3", regions: N, inside: 0.75, outside: 0.25, cosine: 0.5, distance: 1 };
  return { setting, epsilon, steps: epsilon === 0 ? 0 : 200, groups: [group] };
}

function pictureOf(fileName: string): ReproductionPictures[string][string][number] {
  const shape = { channels: 3, height: 2, width: 2 };
  const image = encodeRaster(new Float32Array(12).fill(0.5), shape);
  const map = encodeMap(Float32Array.of(0, 1, 2, 3), 2, 2);
  const input = { setting: "clean", epsilon: 0, prediction: 1, confidence: 0.5, image, maps: [map] };
  return { index: 0, fileName, label: 0, region: map, inputs: [input] };
}
