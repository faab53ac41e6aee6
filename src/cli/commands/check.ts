import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { deviceOption } from "../device.js";
import { commonOptions, type CommonOptions, type ComputeOptions } from "../shared-options.js";

import { workers } from "../values.js";

const REPORTER_NAMES = ["terminal", "junit", "markdown", "github", "sarif", "json"] as const;

/** A reporter and its file; stdout without a file. */
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

Exit codes: 0 every assertion holds, 1 one does not, 2 the check could not run. In GitHub Actions, failures
are annotated and the job summary shows the table. If neither the model nor the images nor the settings have
changed since the last check, the result is reused.`;

export function checkCommand(program: Command): void {
  const command = program
    .command("check")
    .option("--config <file>", "the configuration: what to measure, and what must hold", "holdfast.yaml")
    .option(
      "--reporter <list>",
      `one or more of ${REPORTER_NAMES.join(", ")}; NAME=FILE writes to a file (default: terminal)`,
      reporters,
    )
    .option("--cache <folder>", "folder to keep results in", ".holdfast/cache")
    .option("--no-cache", "measure everything again")
    .option("--update-baseline", "write the results to the baseline that the configuration names");
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
    throw new InvalidArgumentError(`Choose from ${REPORTER_NAMES.join(", ")}, as in junit=holdfast.xml.`);
  });
}
