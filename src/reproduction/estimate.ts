import { createTarget, pgdTrajectory } from "../attacks/index.js";
import { createClassifier } from "../models/index.js";
import { createGenerator } from "../tensor/index.js";
import { tasksOf } from "./kinds.js";
import type { Piece } from "./piece.js";
import type { ReproductionPlan } from "./plan.js";
import type { Store } from "./store.js";

/** Seconds per input gradient of one image, by architecture. */
export type Speeds = ReadonlyMap<string, number>;

/** Timed runs, after one warm-up run. */
const RUNS = 3;
/** A step of size 0 costs the same. */
const STANDING = { stepSize: 1, randomStart: false };

/** Times a PGD step of each architecture on this machine: a few seconds. */
export async function measureSpeeds(plan: ReproductionPlan, threads: number): Promise<Speeds> {
  const speeds = new Map<string, number>();
  const { preset, datasets } = plan;
  const random = createGenerator(0);
  for (const model of [preset.model, preset.blackBox]) {
    const { image, classNames } = datasets[0]!;
    const classifier = createClassifier(model, { ...image, classNames, random });
    const target = createTarget(classifier, { batchSize: preset.batchSize, threads });
    const { batchSize } = preset;
    const batch = {
      images: new Float32Array(batchSize * target.imageSize).fill(0.5),
      labels: new Int32Array(batchSize),
      indices: Uint32Array.from({ length: batchSize }, (_, i) => i),
      size: batchSize,
    };
    const takeSteps = (steps: number): Promise<unknown> =>
      pgdTrajectory(
        target,
        batch,
        { norm: "linf", epsilon: 0 },
        { ...STANDING, captures: [steps] },
        { random },
      );
    try {
      await takeSteps(1);
      const started = performance.now();
      await takeSteps(RUNS);
      speeds.set(model, (performance.now() - started) / 1000 / RUNS / batchSize);
    } finally {
      await target.dispose();
    }
  }
  return speeds;
}

/** Estimated seconds of each piece: from the measured speed, corrected by what finished pieces of its kind really took. */
export async function estimateSeconds(
  plan: ReproductionPlan,
  store: Store,
  speeds: Speeds,
): Promise<ReadonlyMap<string, number>> {
  const raw = new Map<string, number>();
  const spent = new Map<string, { real: number; raw: number }>();
  for (const { piece, cost } of tasksOf(plan)) {
    const { model, gradients } = cost(plan.preset);
    const seconds = gradients * speeds.get(model)!;
    raw.set(piece.key, seconds);
    if (!store.isDone(piece)) continue;
    const sums = spent.get(piece.kind) ?? { real: 0, raw: 0 };
    sums.real += await store.seconds(piece);
    sums.raw += seconds;
    spent.set(piece.kind, sums);
  }
  const factor = ({ kind }: Piece): number => {
    const sums = spent.get(kind);
    return sums === undefined || sums.raw === 0 ? 1 : sums.real / sums.raw;
  };
  return new Map(plan.pieces.map((piece) => [piece.key, raw.get(piece.key)! * factor(piece)]));
}
