import type { Command } from "commander";
import type { ShardResult } from "../../evaluation/index.js";
import { finishEvaluation, outputOptions, type OutputOptions } from "../evaluation-output.js";
import { checkOutputs } from "../outputs.js";
import { commonOptions, type CommonOptions } from "../shared-options.js";
import { createTerminal, type Terminal } from "../terminal.js";

interface MergeOptions extends CommonOptions, OutputOptions {}

const EXAMPLES = `
Examples:
  holdfast evaluate model.onnx --data photos --shard 1/2 --out shard-1.json   (on one machine)
  holdfast evaluate model.onnx --data photos --shard 2/2 --out shard-2.json   (on another)
  holdfast merge result.json shard-1.json shard-2.json --report report.html --fail-below 0.4

  holdfast reproduce all --data 17flowers/ --shard 1/2 --out shard-1          (on one machine)
  holdfast reproduce all --data 17flowers/ --shard 2/2 --out shard-2          (on another)
  holdfast merge runs/small shard-1 shard-2
  holdfast reproduce all --data 17flowers/ --out runs/small                   (does what is left and writes the report)

Files are results from evaluate; merged, they give the same result as one run of all images with --no-checks.
Neither the model nor the images are needed. Folders are those that reproduce writes.`;

export function mergeCommand(program: Command): void {
  const command = program
    .command("merge")
    .argument("<into>", "the result file or the folder to merge them into")
    .argument("<from...>", "results from evaluate --shard, or folders from reproduce");
  commonOptions(outputOptions(command))
    .addHelpText("after", EXAMPLES)
    .action(async (into: string, from: string[], options: MergeOptions) => {
      const terminal = createTerminal(options);
      if (await areFiles(from)) await mergeEvaluations(into, from, options, terminal);
      else await mergeFolders(into, from, options, terminal);
    });
}

/** Evaluations are files, reproductions are folders. @throws UsageError if both kinds are given. */
async function areFiles(from: readonly string[]): Promise<boolean> {
  const { stat } = await import("node:fs/promises");
  const found = await Promise.all(from.map((path) => stat(path).catch(() => undefined)));
  const file = from.find((_, i) => found[i]?.isDirectory() === false);
  const folder = from.find((_, i) => found[i]?.isDirectory() === true);
  if (file !== undefined && folder !== undefined) {
    const { UsageError } = await import("../../errors/index.js");
    throw new UsageError({
      place: "merge",
      problem: `${file} is a file, but ${folder} is a folder`,
      remedy: "Give either files (results of evaluate) or folders (of reproduce).",
    });
  }
  // Missing inputs are reported by the code that reads them.
  return file !== undefined || (folder === undefined && from.every((path) => path.endsWith(".json")));
}

async function mergeEvaluations(
  into: string,
  from: readonly string[],
  options: MergeOptions,
  terminal: Terminal,
): Promise<void> {
  const inputs = Object.fromEntries(from.map((path) => [`the shard ${path}`, path]));
  await checkOutputs({ "the result": into, "--report": options.report }, inputs);
  const { mergeResults, readResult } = await import("../../evaluation/results.js");
  const shards: ShardResult[] = [];
  for (const place of from) shards.push({ place, result: await readResult(place) });
  await finishEvaluation(mergeResults(shards), { ...options, out: into }, terminal);
}

async function mergeFolders(
  into: string,
  from: readonly string[],
  { report, failBelow }: MergeOptions,
  terminal: Terminal,
): Promise<void> {
  const option = report === undefined ? (failBelow === undefined ? undefined : "--fail-below") : "--report";
  if (option !== undefined) {
    const { UsageError } = await import("../../errors/index.js");
    throw new UsageError({
      place: option,
      problem: "does not apply to the folders of a reproduction",
      remedy: "Omit it: reproduce writes the report.",
    });
  }
  const { mergeReproductions } = await import("../../reproduction/index.js");
  const merged = await mergeReproductions(into, from);
  for (const title of merged.different) {
    terminal.warn(`${title}: kept the one already there; the other has a different result`);
  }
  const { copied, same } = merged;
  terminal.result(`${copied.length} pieces copied, ${same.length} already there`, merged);
}
