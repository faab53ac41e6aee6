/** Which corruptions an evaluation adds, as options of the command line. */
import { InvalidArgumentError, type Command } from "commander";
import { CORRUPTIONS, SEVERITIES, type Corruption, type Severity } from "../data/corruptions/names.js";
import { nearestName, UsageError } from "../errors/index.js";
import type { CorruptionOptions, Sample } from "../evaluation/index.js";

export interface CorruptionCommandOptions {
  /** True: all. */
  readonly corruptions?: Corruption[] | true;
  readonly severity?: Severity[];
  readonly frost?: string;
  readonly corruptionBaseline?: string;
}

export function corruptionOptions(command: Command): Command {
  return command
    .option(
      "--corruptions [list]",
      "also measure accuracy under the corruptions of ImageNet-C: all fifteen, or a list such as fog,jpeg_compression",
      kinds,
    )
    .option(
      "--severity <list>",
      "severities of the corruptions, such as 1,3,5 (default: all five)",
      severities,
    )
    .option("--frost <folder>", "folder with pictures of frost (default: textures drawn by holdfast)")
    .option(
      "--corruption-baseline <result.json>",
      "an earlier result to divide the errors by, which gives the mean corruption error (mCE)",
    );
}

function kinds(text: string): Corruption[] {
  return text.split(",").map((typed) => {
    const name = typed.trim().toLowerCase().replaceAll("-", "_");
    const found = CORRUPTIONS.find((kind) => kind === name);
    if (found !== undefined) return found;
    const near = nearestName(name, CORRUPTIONS);
    throw new InvalidArgumentError(
      near === undefined
        ? `There is no "${typed}". Choose from: ${CORRUPTIONS.join(", ")}.`
        : `There is no "${typed}": did you mean ${near}?`,
    );
  });
}

function severities(text: string): Severity[] {
  return text.split(",").map((typed) => {
    const found = SEVERITIES.find((severity) => String(severity) === typed.trim());
    if (found === undefined) throw new InvalidArgumentError("It must be a list of 1 to 5, such as 1,3,5.");
    return found;
  });
}

/** @throws UsageError on options that have no effect without --corruptions. */
export function checkCorruptionOptions(options: CorruptionCommandOptions): void {
  if (options.corruptions !== undefined) return;
  const flags = {
    "--severity": options.severity,
    "--frost": options.frost,
    "--corruption-baseline": options.corruptionBaseline,
  };
  const typed = Object.entries(flags).find(([, value]) => value !== undefined);
  if (typed === undefined) return;
  throw new UsageError({
    place: typed[0],
    problem: "has no effect without --corruptions",
    remedy: "Add --corruptions.",
  });
}

/** Reads the pictures and the baseline. @throws InputError, UsageError if they cannot be used with these images. */
export async function openCorruptions(
  { corruptions, severity, frost, corruptionBaseline }: CorruptionCommandOptions,
  sample: Sample,
): Promise<CorruptionOptions | undefined> {
  if (corruptions === undefined) return undefined;
  const { readFrost } = await import("../data/index.js");
  const { baselineOf, describeSample, planCorruptions, readResult } = await import("../evaluation/index.js");
  const options: CorruptionOptions = {
    kinds: corruptions === true ? undefined : corruptions,
    severities: severity,
    frost: frost === undefined ? undefined : await readFrost(frost),
  };
  if (corruptionBaseline === undefined) return options;
  const baseline = await readResult(corruptionBaseline);
  const plan = planCorruptions(options);
  return { ...options, baseline: baselineOf(corruptionBaseline, baseline, plan, describeSample(sample)) };
}
