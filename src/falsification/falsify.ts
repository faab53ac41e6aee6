import type { Compile } from "../attacks/index.js";
import { InputError } from "../errors/index.js";
import { createGenerator } from "../tensor/index.js";
import type { Property } from "./cases.js";
import { openNetwork } from "./network.js";
import { createAsker } from "./questions.js";
import { readProperty } from "./read.js";
import { search, type Counterexample, type Tally } from "./search.js";

/** How long to search, and how. */
export interface FalsifyOptions {
  /** Seconds after which the answer is `unknown`; 120 by default. The run under way is finished first. */
  readonly timeout?: number;
  /** Seed of everything random; 0 by default. */
  readonly seed?: number;
  /** Which output the Y_j refer to, if the model has several. */
  readonly output?: string;
  readonly threads?: number;
  /** Used for the search; a counterexample is always confirmed by the file on the CPU. */
  readonly compile?: Compile | undefined;
  /** Inputs per run, at most; 8 by default. */
  readonly batchSize?: number;
  /** Called before each run of the model with what has been done so far. */
  readonly onProgress?: (done: Pick<Falsification, "seconds" | "climbs">) => void;
}

/** The outcome of a search. */
export interface Falsification {
  /** `sat`: here is a counterexample. `unknown`: none was found, which proves nothing. */
  readonly answer: "sat" | "unknown";
  /** Inputs in the box, and what the unchanged file gives for them in float32. */
  readonly counterexample: Counterexample | undefined;
  /** Number of the property's cases, and of climbs towards them. */
  readonly cases: number;
  readonly climbs: number;
  /** Evaluations of the model without and with a gradient. */
  readonly forwardQueries: number;
  readonly gradientQueries: number;
  readonly seconds: number;
}

const TIMEOUT = 120;
const BATCH = 8;

/**
 * Searches the box of a property for an input on which the model does what the property describes.
 *
 * `sat` never rests on the search alone: the unchanged file runs the counterexample in a session of its own, and the outcome
 * is checked against the property. There is no `unsat`: that takes a verifier.
 *
 * @param modelPath an ONNX file; @param propertyPath VNN-LIB 1.0, compressed by gzip or not.
 * @throws InputError naming what cannot be read, contradicts itself, or is not of this model.
 * @example
 * ```ts
 * import { falsify, formatCounterexample } from "holdfast/falsification";
 *
 * const { answer, counterexample } = await falsify("network.onnx", "property.vnnlib", { timeout: 30 });
 * console.log(answer);
 * if (counterexample !== undefined) console.log(formatCounterexample(counterexample));
 * ```
 */
export async function falsify(
  modelPath: string,
  propertyPath: string,
  options: FalsifyOptions = {},
): Promise<Falsification> {
  const { timeout = TIMEOUT, seed = 0, threads, batchSize = BATCH, onProgress } = options;
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const property = await readProperty(propertyPath);
  const network = await openNetwork(modelPath, {
    ...options,
    probes: (...sizes) => probesOf(property, modelPath, sizes),
  });
  const tally: Tally = { forwardQueries: 0, gradientQueries: 0, climbs: 0 };
  const timeUp = new Error("the time is up");
  const asker = createAsker(network, property.bounds, {
    batchSize,
    threads,
    compile: options.compile,
    beforeRun() {
      onProgress?.({ seconds: seconds(), climbs: tally.climbs });
      if (seconds() > timeout) throw timeUp;
    },
  });
  try {
    const counterexample = await search(property, asker, createGenerator(seed), tally).catch(
      (error: unknown) => {
        if (error === timeUp) return undefined;
        throw error;
      },
    );
    return {
      answer: counterexample === undefined ? "unknown" : "sat",
      counterexample,
      cases: property.cases.length,
      ...tally,
      seconds: seconds(),
    };
  } finally {
    await asker.dispose();
    await network.dispose();
  }
}

/** Two corners of the first box. @throws InputError if the property has another number of inputs or outputs. */
function probesOf(
  { place, inputs, outputs, cases }: Property,
  model: string,
  [modelInputs, modelOutputs]: readonly [number, number],
): readonly Float32Array[] {
  checkCount(place, ["X", inputs], `the input of ${model} has ${modelInputs} elements`, modelInputs);
  checkCount(place, ["Y", outputs], `the output of ${model} has ${modelOutputs} elements`, modelOutputs);
  const { lower, upper } = cases[0]!.box();
  return [lower, upper];
}

function checkCount(
  place: string,
  [of, declared]: readonly ["X" | "Y", number],
  found: string,
  count: number,
): void {
  if (declared === count) return;
  throw new InputError({
    place,
    problem: `declares ${declared} ${of === "X" ? "inputs" : "outputs"} ${of}_i; ${found}`,
    remedy: "The property was written for another model. Name the one that belongs to this model.",
  });
}
