/** How much memory a training takes. */
import { pgdStepGraph } from "../attacks/index.js";
import { deadCode, valueOf, type Graph } from "../graph/index.js";
import { bindForInference, bindForTraining, type BoundClassifier, type Classifier } from "../models/index.js";
import { preparedBytes, programBytes, type ProgramBytes } from "../runtime/index.js";
import { sizeOf } from "../tensor/index.js";
import type { TrainingSettings } from "./settings/index.js";
import type { UpdateGraph } from "./update-graph.js";

const MIB = 2 ** 20;
/** Node, the library, ONNX Runtime and what is kept of the images. */
const PROCESS = 280 * MIB;
/** ONNX Runtime takes its memory in blocks that its values do not fill, and copies some into its blocked layout. */
const BLOCKS = 1.35;
/** The same of an update that computes segments again: what one segment leaves fits the next badly. */
const BLOCKS_OF_SEGMENTS = 1.7;
/**
 * Copies of an attack's constants while it is compiled: as written, as read, in blocked order; or of the weights that are prepared for
 * it, for both directions, and of what that takes.
 */
const CONSTANT_COPIES = 4;
/** Copies of what lives from step to step: as it is, as it comes, and of steps before until they are collected. */
const STATE_COPIES = 2.5;

/** Estimated peak of a training's process in bytes, if its adversary attacks so many images at a time. */
export type PeakEstimate = (rows: number) => Promise<number>;

/** What a step of the adversary takes on so many images. */
export type AttackBytes = (rows: number) => Promise<Pick<ProgramBytes, "values" | "constants">>;

/**
 * Estimated peak of a training's process:
 *
 *   280 MiB + b U + 1.35 A + 2.5 S + 4 C
 *
 * U: the most bytes that the values of the update take at once, in the order in which they are computed, and of the perturbation of the
 * weights where there is one; b is 1.35, or 1.7 where segments of the forward pass are computed again. A: those of the adversary's step, and C its constants, or the weights that are prepared for it. S: bytes of what lives from step
 * to step. The factors were fitted to eight peaks: they are 1 % under one of them at most, and 24 % over (`bench/memory.mjs`).
 */
export async function peakEstimate(
  update: UpdateGraph,
  attack: AttackBytes,
  segments = 1,
): Promise<PeakEstimate> {
  const graphs = [update.graph, update.part, update.perturbation].filter((graph) => graph !== undefined);
  const inputs = new Map(graphs.flatMap((graph) => graph.inputs.map((name) => [name, valueOf(graph, name)])));
  let values = 0;
  for (const graph of graphs) values += (await programBytes(graph)).values;
  const state = update.state.reduce((sum, name) => sum + 4 * sizeOf(inputs.get(name)?.shape ?? [0]), 0);
  return async (rows) => {
    const step = await attack(rows);
    return Math.round(
      PROCESS +
        (segments > 1 ? BLOCKS_OF_SEGMENTS : BLOCKS) * values +
        BLOCKS * step.values +
        STATE_COPIES * state +
        CONSTANT_COPIES * step.constants,
    );
  };
}

/** Of a step of the adversary, which a validation takes as well. */
export function attackBytes(
  classifier: Classifier,
  { recipe: { adversary, replays = 1 }, validation }: Pick<TrainingSettings, "recipe" | "validation">,
): AttackBytes {
  const isAttacked = adversary !== undefined && replays === 1;
  if (!isAttacked && validation.images === 0) return () => Promise.resolve({ values: 0, constants: 0 });
  const step = (bound: BoundClassifier): Graph =>
    deadCode(pgdStepGraph(bound, { norm: adversary?.norm ?? "linf" }));
  const weights = new Set([...classifier.parameters, ...classifier.buffers]);
  const measured = async (rows: number): Promise<ProgramBytes> => {
    const fed = step(bindForTraining(classifier, rows));
    const prepared = await preparedBytes(
      fed,
      fed.inputs.filter((name) => weights.has(name)),
    );
    return prepared ?? programBytes(step(bindForInference(classifier, rows)));
  };
  const known = new Map<number, Promise<ProgramBytes>>();
  return (rows) => {
    const bytes = known.get(rows) ?? measured(rows);
    known.set(rows, bytes);
    return bytes;
  };
}
