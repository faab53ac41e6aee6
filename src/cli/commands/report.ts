import type { Command } from "commander";
import { checkOutputs } from "../outputs.js";
import { commonOptions, type CommonOptions } from "../shared-options.js";
import { createTerminal } from "../terminal.js";

const EXAMPLES = `
Examples:
  holdfast report result.json
  holdfast report result.json --out docs/report.html
  holdfast report reproduction-small/reproduction.json --pictures reproduction-small/pictures.json
  holdfast report runs/at-alp    # of a training, finished or not`;

interface ReportOptions extends CommonOptions {
  readonly out?: string;
  readonly pictures?: string;
}

export function reportCommand(program: Command): void {
  const command = program
    .command("report")
    .argument("<result>", "the JSON written by holdfast evaluate or reproduce, or a run folder")
    .option(
      "--out <file>",
      "where to write the report (default: report.html; for a training run, in its folder)",
    )
    .option("--pictures <file>", "the pictures.json of a reproduction (default: none)");
  commonOptions(command);
  command.addHelpText("after", EXAMPLES).action(async (path: string, options: ReportOptions) => {
    const { statSync } = await import("node:fs");
    const isRun = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    if (isRun) return reportRun(path, options);
    const out = options.out ?? "report.html";
    await checkOutputs({ "--out": out }, { "the result": path, "--pictures": options.pictures });
    const { writeFileAtomic } = await import("../../files/index.js");
    await writeFileAtomic(out, await render(path, options));
    createTerminal(options).result(out, { report: out });
  });
}

/** The report of a training: finished, running in another process, or stopped. */
async function reportRun(folder: string, options: ReportOptions): Promise<void> {
  const { readRunHistory } = await import("../../training/index.js");
  const { renderTraining, viewOf } = await import("../../report/index.js");
  if (options.out !== undefined) await checkOutputs({ "--out": options.out }, {});
  const out = await writeRunReport(folder, renderTraining(viewOf(await readRunHistory(folder))), options.out);
  createTerminal(options).result(out, { report: out });
}

/** Writes into its folder, replacing a link instead of following it; or to the path the user gives. */
export async function writeRunReport(folder: string, page: string, out?: string): Promise<string> {
  const { replaceFile, writeFileAtomic } = await import("../../files/index.js");
  const { runPaths } = await import("../../training/index.js");
  const { report } = runPaths(folder);
  await (out === undefined ? replaceFile(report, page) : writeFileAtomic(out, page));
  return out ?? report;
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
  const { readResult } = await import("../../evaluation/results.js");
  const { renderReport } = await import("../../report/index.js");
  return renderReport(await readResult(path));
}
