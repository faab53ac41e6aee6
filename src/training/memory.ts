/** How much memory a training takes. */
import { pgdStepGraph } from "../attacks/index.js";
import { deadCode, valueOf, type Graph } from "../graph/index.js";
import { bindForInference, bindForTraining, type BoundClassifier, type Classifier } from "../models/index.js";
import { preparedBytes, programBytes, type ProgramBytes } from "../runtime/index.js";
import { sizeOf } from "../tensor/index.js";
import type { TrainingSettings } from "./settings/index.js";
import type { UpdateGraph } from "./update-graph.js";
import { UPDATE } from "./update-names.js";

const MIB = 2 ** 20;
/** Node, the library, ONNX Runtime and what is kept of the images. */
const PROCESS = 280 * MIB;
/** ONNX Runtime takes its memory in blocks that its values do not fill, and copies some into its blocked layout. */
const BLOCKS = 1.35;
/** The same of an update in parts or segments, whose values fit worse where others were. */
const BLOCKS_OF_PIECES = 1.5;
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
 *   280 MiB + b U + 1.35 A + 2.5 S + P + 4 C
 *
 * U: the most bytes that the values of the update take at once, in the order in which they are computed, and of the perturbation of the
 * weights where there is one; b is 1.35, or 1.5 of a batch in parts or where segments are computed again. A: those of the adversary's step,
 * and C its constants, or the weights that are prepared for it. S: bytes of what lives from step to step, and P of what a batch in parts sums.
 * The factors were fitted to trainings: they are 2 % under one of them at most, and 23 % over (`bench/memory.mjs`).
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
  const bytesOf = (names: readonly string[]): number =>
    names.reduce((sum, name) => sum + 4 * sizeOf(inputs.get(name)?.shape ?? [0]), 0);
  const state = bytesOf(update.state);
  const { inputs: read = [], outputs: made = [] } = update.part ?? {};
  const sums = bytesOf(read.filter((name) => made.includes(UPDATE.next(name))));
  const isInPieces = segments > 1 || update.part !== undefined;
  return async (rows) => {
    const step = await attack(rows);
    return Math.round(
      PROCESS +
        (isInPieces ? BLOCKS_OF_PIECES : BLOCKS) * values +
        BLOCKS * step.values +
        STATE_COPIES * state +
        sums +
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
