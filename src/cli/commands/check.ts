import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { deviceOption } from "../device.js";
import { commonOptions, type CommonOptions, type ComputeOptions } from "../shared-options.js";

import { workers } from "../values.js";

const REPORTER_NAMES = ["terminal", "junit", "markdown", "github", "sarif", "json"] as const;

/** What is written, and where; without a file on stdout. */
export interface Reporter {
  readonly name: (typeof REPORTER_NAMES)[number];
  readonly file: string | undefined;
}

export interface CheckCommandOptions extends CommonOptions, Omit<ComputeOptions, "seed"> {
  readonly config: string;
  readonly reporter?: readonly Reporter[];
  readonly cache: string | false;
  readonly updateBaseline?: boolean;
}

const EXAMPLES = `
Examples:
  holdfast init model.onnx --data photos:test
  holdfast check
  holdfast check --reporter terminal,junit=holdfast.xml,sarif=holdfast.sarif
  holdfast check --update-baseline

Exit codes: 0 all that must hold holds, 1 something does not, 2 it could not be checked. In GitHub Actions failures are
annotated, and the summary of the job shows the table. A model, images and settings that have not changed since the last check
are not measured again.`;

export function checkCommand(program: Command): void {
  const command = program
    .command("check")
    .option("--config <file>", "what is measured and what must hold", "holdfast.yaml")
    .option(
      "--reporter <list>",
      `of ${REPORTER_NAMES.join(", ")}; NAME=FILE writes a file (default: terminal)`,
      reporters,
    )
    .option("--cache <folder>", "where results are kept", ".holdfast/cache")
    .option("--no-cache", "measure everything")
    .option("--update-baseline", "write the results to where the configuration has its baseline");
  command.option("--threads <n>", "threads inside an operator (default: the number of cores)", workers);
  command.addOption(deviceOption());
  commonOptions(command)
    .addHelpText("after", EXAMPLES)
    .action(async (options: CheckCommandOptions) => {
      const { check } = await import("../check/run.js");
      process.exitCode = await check(options);
    });
}

function reporters(text: string): Reporter[] {
  return text.split(",").map((each) => {
    const [, typed = "", file] = /^([^=]*)(?:=(.+))?$/.exec(each) ?? [];
    const name = REPORTER_NAMES.find((known) => known === typed);
    if (name !== undefined) return { name, file };
    throw new InvalidArgumentError(`It must be of ${REPORTER_NAMES.join(", ")}, such as junit=holdfast.xml.`);
  });
}
