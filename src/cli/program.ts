import { Command, CommanderError } from "commander";
import { HoldfastError } from "../errors/index.js";
import { toolInfo } from "../files/tool.js";
import { attackCommand } from "./commands/attack.js";
import { checkCommand } from "./commands/check.js";
import { compareCommand } from "./commands/compare.js";
import { dataCommand } from "./commands/data.js";
import { evaluateCommand } from "./commands/evaluate.js";
import { falsifyCommand } from "./commands/falsify.js";
import { gradientCommand } from "./commands/gradient.js";
import { explainCommand } from "./commands/explain.js";
import { initCommand } from "./commands/init.js";
import { inspectCommand } from "./commands/inspect.js";
import { mergeCommand } from "./commands/merge.js";
import { recipesCommand } from "./commands/recipes.js";
import { reportCommand } from "./commands/report.js";
import { reproduceCommand } from "./commands/reproduce.js";
import { sweepCommand } from "./commands/sweep.js";
import { trainCommand } from "./commands/train.js";
import { leaveSignalsToSystem } from "./interrupt.js";
import { surviveUnread, writeError, writeOut } from "./streams.js";

const USAGE = 2;
const UNEXPECTED = 70;

/** Runs one command line; the exit code: 0 ok, 1 failed, 2 usage, 3 bad input, 130 interrupted. */
export async function runCli(args: readonly string[]): Promise<number> {
  surviveUnread();
  leaveSignalsToSystem();
  const program = createProgram();
  try {
    await program.parseAsync(args, { from: "user" });
    return process.exitCode === undefined ? 0 : Number(process.exitCode);
  } catch (error) {
    return exitCodeOf(error);
  }
}

function createProgram(): Command {
  const program = new Command("holdfast")
    .description(
      "Measures how well any ONNX image classifier holds up under adversarial attack,\n" +
        "and trains classifiers that hold up better.",
    )
    .version(toolInfo().version)
    .addHelpText(
      "after",
      `
Examples:
  holdfast train --data mnist --recipe at-alp --out runs/at-alp
  holdfast attack runs/at-alp --data mnist:test --epsilon 0.3 --limit 1000
  holdfast evaluate runs/at-alp my-model.onnx --data mnist:test --report report.html
  holdfast inspect my-model.onnx
  holdfast explain my-model.onnx --data photos --out why

Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 bad input, 130 interrupted.`,
    );
  const commands = [
    trainCommand,
    attackCommand,
    evaluateCommand,
    compareCommand,
    initCommand,
    checkCommand,
    falsifyCommand,
    reportCommand,
    inspectCommand,
    gradientCommand,
    explainCommand,
    dataCommand,
    reproduceCommand,
    mergeCommand,
    recipesCommand,
    sweepCommand,
  ];
  // What is set here holds for every command. Errors come back as exceptions: `runCli` alone decides the exit code.
  program
    .configureOutput({ writeOut, writeErr: writeError })
    .exitOverride()
    .showHelpAfterError("Add --help to see what there is.");
  for (const command of commands) command(program);
  program.hook("preAction", (_, command) => warnOfThreads(command.opts()));
  for (const command of program.commands) suggestBeginnings(command);
  return program;
}

/** More threads than cores wait for each other: everything takes longer. */
async function warnOfThreads({ threads }: { readonly threads?: unknown }): Promise<void> {
  if (typeof threads !== "number") return;
  const { coreCount } = await import("../files/index.js");
  const cores = coreCount();
  if (threads <= cores) return;
  const own = cores === 1 ? "1 core" : `${cores} cores`;
  writeError(
    `warning: --threads ${threads} is more than the ${own} this process may use, and is slower than --threads ${cores}\n`,
  );
}

/** For `--eps` commander suggests what is spelt most alike, `--steps`: what begins so is nearer. */
function suggestBeginnings(command: Command): void {
  command.configureOutput({
    outputError(text, write) {
      const typed = /^error: unknown option '(--[^'=]{2,})/.exec(text)?.[1];
      const meant = command.options.filter(({ long }) => typed !== undefined && long?.startsWith(typed));
      const suggestion = meant.map(({ long }) => long).join(" or ");
      write(meant.length === 0 ? text : `error: unknown option '${typed}'\n(Did you mean ${suggestion}?)\n`);
    },
  });
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof HoldfastError) {
    writeError(`error: ${error.message}\n`);
    return error.exitCode;
  }
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  writeError(`error: this should not have happened; please report it.\n${shown}\n`);
  return UNEXPECTED;
}
