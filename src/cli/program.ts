import { Command, CommanderError } from "commander";
import { HoldfastError } from "../errors/index.js";
import { toolInfo } from "../files/tool.js";
import { COMMANDS } from "./commands.js";
import { leaveSignalsToSystem } from "./interrupt.js";
import { surviveUnread, writeError, writeOut } from "./streams.js";

const USAGE = 2;
const UNEXPECTED = 70;

/** Runs one command line. Returns the exit code: 0 ok, 1 failed, 2 usage, 3 bad input, 130 interrupted. */
export async function runCli(args: readonly string[]): Promise<number> {
  surviveUnread();
  leaveSignalsToSystem();
  try {
    const program = await createProgram(args);
    await program.parseAsync(args, { from: "user" });
    return process.exitCode === undefined ? 0 : Number(process.exitCode);
  } catch (error) {
    return exitCodeOf(error);
  }
}

/** The program with the requested command; the others are stubs for the help. */
async function createProgram(args: readonly string[]): Promise<Command> {
  const [first, second] = args.filter((arg) => !arg.startsWith("-"));
  const asked = first === "help" ? second : first;

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
  // These settings hold for every command. Errors come back as exceptions, so only `runCli` decides the exit code.
  program
    .configureOutput({ writeOut, writeErr: writeError })
    .exitOverride()
    // Stubs have no options or arguments to show.
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .showHelpAfterError("Add --help to see the options.");
  for (const [name, { description, load }] of Object.entries(COMMANDS)) {
    if (name === asked) (await load())(program);
    else program.command(name);
    program.commands.at(-1)!.description(description);
  }
  program.hook("preAction", (_, command) => warnOfThreads(command.opts()));
  for (const command of program.commands) suggestBeginnings(command);
  return program;
}

/** Warns about more threads than cores, which wait for each other and slow everything down. */
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

/** For `--eps` commander suggests the most similar spelling, `--steps`; an option with that prefix is better. */
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
