import type { Command } from "commander";
import { commonOptions, type CommonOptions } from "../shared-options.js";
import { createTerminal } from "../terminal.js";

const EXAMPLES = `
Examples:
  holdfast reproduce all --data 17flowers/ --shard 1/2 --out shard-1      (on one machine)
  holdfast reproduce all --data 17flowers/ --shard 2/2 --out shard-2      (on another)
  holdfast merge runs/small shard-1 shard-2
  holdfast reproduce all --data 17flowers/ --out runs/small               (what is left, and the report)`;

export function mergeCommand(program: Command): void {
  const command = program
    .command("merge")
    .description("gather the finished pieces of a reproduction's shards in one folder")
    .argument("<into>", "the folder that they go into")
    .argument("<from...>", "folders that reproduce wrote with --shard");
  commonOptions(command)
    .addHelpText("after", EXAMPLES)
    .action(async (into: string, from: string[], options: CommonOptions) => {
      const { mergeReproductions } = await import("../../reproduction/index.js");
      const terminal = createTerminal(options);
      const merged = await mergeReproductions(into, from);
      for (const title of merged.different) {
        terminal.warn(`${title}: the one that was there stays; the other has another result`);
      }
      const { copied, same } = merged;
      terminal.result(`${copied.length} pieces copied, ${same.length} were there already`, merged);
    });
}
