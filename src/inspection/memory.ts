import { namesBehind, type Graph } from "../graph/index.js";
import { liveBytes } from "../runtime/index.js";
import { bytesPerElement, sizeOf } from "../tensor/index.js";

/** Estimated peaks of the whole process, in bytes. */
export interface MemoryEstimate {
  /** Images per step. */
  readonly batchSize: number;
  /** One step of PGD, compiling included. */
  readonly attackStep: number;
  /** One training step on clean images, with SGD and momentum. */
  readonly trainingStep: number;
}

const MIB = 2 ** 20;
/** Node, the library and ONNX Runtime. */
const PROCESS = 200 * MIB;
/** Copies of the weights while an attack is compiled: as read, rotated for the gradient, in blocked order, each as written and as read. */
const COMPILED_COPIES = 5.5;
/** Copies of the weights that are left when it runs. */
const ATTACK_COPIES = 3;
/** Blocked copies and workspaces besides the values themselves. */
const ATTACK_VALUES = 1.5;
/** The weights as read and as fed, their gradients and momenta and the next of each, plus what compiling takes. */
const TRAINING_COPIES = 7;
/** Share of the forward pass's values that its gradient keeps. */
const TRAINING_VALUES = 0.7;

/**
 * Peak memory of a step, of a batch of B images of which R are attacked at a time, from the model bound to one image and its
 * step of PGD.
 *
 *   attack   = 200 MiB + max( 5.5 W, 3 W + 1.5 R L )
 *   training = 200 MiB + 7 W + 0.7 B F
 *
 * W: bytes of the constants. L: the most bytes that the values of a PGD step take at once. F: bytes of all values that
 * the forward pass makes. The factors were fitted to the peaks of five networks with 1 and 8 images, and agree with
 * them to within about a fifth on Linux with two threads (`bench/inspect.mjs`). They are too high by up to a half for attacks on networks with
 * clipped activations, whose masks the runtime folds into convolutions.
 */
export function estimateMemory(
  { forward, step }: { readonly forward: Graph; readonly step: Graph },
  {
    batchSize,
    rows,
    bound,
  }: {
    readonly batchSize: number;
    readonly rows: number;
    /** Images of the graphs. */ readonly bound: number;
  },
): MemoryEstimate {
  let weights = 0;
  for (const { data } of forward.initializers.values()) weights += data.byteLength;
  return {
    batchSize,
    attackStep: Math.round(
      PROCESS +
        Math.max(
          COMPILED_COPIES * weights,
          ATTACK_COPIES * weights + ATTACK_VALUES * (rows / bound) * liveBytes(step),
        ),
    ),
    trainingStep: Math.round(
      PROCESS + TRAINING_COPIES * weights + TRAINING_VALUES * (batchSize / bound) * madeBytes(forward),
    ),
  };
}

function madeBytes(graph: Graph): number {
  const own = namesBehind(graph, graph.inputs);
  const made = graph.nodes.flatMap(({ outputs }) => outputs.filter((name) => own.has(name)));
  return made.reduce((sum, name) => sum + bytesOf(graph, name), 0);
}

function bytesOf(graph: Graph, name: string): number {
  const { shape, dtype } = graph.values.get(name)!;
  return sizeOf(shape) * bytesPerElement(dtype);
}
