import type { Command } from "commander";
import { checkOutputs } from "../outputs.js";
import { commonOptions, type CommonOptions } from "../shared-options.js";
import { createTerminal } from "../terminal.js";

const EXAMPLES = `
Examples:
  holdfast report result.json
  holdfast report result.json --out docs/report.html
  holdfast report reproduction-small/reproduction.json --pictures reproduction-small/pictures.json`;

interface ReportOptions extends CommonOptions {
  readonly out: string;
  readonly pictures?: string;
}

export function reportCommand(program: Command): void {
  const command = program
    .command("report")
    .argument("<result>", "the JSON that holdfast evaluate or reproduce wrote")
    .option("--out <file>", "where the report goes", "report.html")
    .option("--pictures <file>", "the pictures of a reproduction (default: none)");
  commonOptions(command);
  command.addHelpText("after", EXAMPLES).action(async (path: string, options: ReportOptions) => {
    await checkOutputs({ "--out": options.out }, { "the result": path, "--pictures": options.pictures });
    const { writeFileAtomic } = await import("../../files/index.js");
    await writeFileAtomic(options.out, await render(path, options));
    createTerminal(options).result(options.out, { report: options.out });
  });
}

async function render(path: string, { pictures }: ReportOptions): Promise<string> {
  const { isReproduction, readPictures, readReproduction, renderReproduction } =
    await import("../../reproduction/index.js");
  if (await isReproduction(path)) {
    return renderReproduction(
      await readReproduction(path),
      pictures === undefined ? {} : await readPictures(pictures),
    );
  }
  const { readResult } = await import("../../evaluation/index.js");
  const { renderReport } = await import("../../report/index.js");
  return renderReport(await readResult(path));
}
