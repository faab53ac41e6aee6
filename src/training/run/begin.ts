import type { Dataset, OpenOptions } from "../../data/index.js";
import { UsageError } from "../../errors/index.js";
import type { Classifier } from "../../models/index.js";
import { beginWith } from "./classifier.js";
import type { BeginningFile, RunConfig } from "./folder.js";
import { beginImported, imageShapeOf, isImport, readGiven, type Given, type OpenedData } from "./imported.js";
import type { RunOptions } from "./options.js";

/** Data options with the image shape of the imported model, unless the caller gives another. */
export function dataOptionsFor({ dataOptions, imported }: RunOptions, given: Given | undefined): OpenOptions {
  return given === undefined
    ? (dataOptions ?? {})
    : { ...imageShapeOf(given, imported ?? {}), ...dataOptions };
}

/**
 * The run with the image shape of its imported model, for callers that open the data before the run begins.
 *
 * @throws InputError if the file of the model cannot be read.
 */
export async function withModelShape<Run extends RunOptions>(options: Run): Promise<Run> {
  if (!isImport(options.model)) return options;
  return { ...options, dataOptions: dataOptionsFor(options, await readGiven(options.model)) };
}

/** A run before its first step. */
export interface Beginning {
  readonly config: RunConfig;
  readonly classifier: Classifier;
  /** The training images, with their classes in the classifier's order. */
  readonly dataset: Dataset;
  readonly files: Partial<Record<BeginningFile, Uint8Array>>;
}

/**
 * Creates the initial model of a new run: a built-in network, optionally with published weights, or an imported one.
 *
 * @throws InputError, UsageError if weights, model and data do not fit together.
 */
export async function begin(
  config: RunConfig,
  { initial, imported: settings = {} }: RunOptions,
  given: Given | undefined,
  data: OpenedData,
  onNotice: (message: string) => void,
): Promise<Beginning> {
  if (given === undefined) {
    const { weights, ...begun } = await beginWith(config, initial);
    return { ...begun, dataset: data.dataset, files: weights === undefined ? {} : { initial: weights } };
  }
  if (initial !== undefined) {
    throw new UsageError({
      place: given.file,
      problem: `has its own weights, but --init asks for others (${initial})`,
      remedy: "Omit --init, or name a built-in architecture.",
    });
  }
  const { bytes, ...begun } = await beginImported(config, given, settings, data, onNotice);
  return { ...begun, files: { source: bytes } };
}
