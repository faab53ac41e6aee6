import type { Command } from "commander";
import { commonOptions, type CommonOptions } from "../shared-options.js";
import { createTerminal } from "../terminal.js";

const EXAMPLES = `
Examples:
  holdfast report result.json
  holdfast report result.json --out docs/report.html`;

export function reportCommand(program: Command): void {
  const command = program
    .command("report")
    .description("make the HTML report of a result: one file that needs nothing else")
    .argument("<result>", "the JSON that holdfast evaluate wrote")
    .option("--out <file>", "where the report goes", "report.html");
  commonOptions(command);
  command
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, options: CommonOptions & { out: string }) => {
      const { readResult } = await import("../../evaluation/index.js");
      const { renderReport } = await import("../../report/index.js");
      const { writeFileAtomic } = await import("../../files/index.js");
      await writeFileAtomic(options.out, await renderReport(await readResult(path)));
      createTerminal(options).result(options.out, { report: options.out });
    });
}
